import ArgumentParser

@main
struct Tidegate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tidegate", abstract: "An edge gateway for hardware nodes.")
}

import ArgumentParser
import Vocabulary

struct ReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Give back a relay that was taken over; it goes to its safe state.",
        discussion: """
            Ends with 0 when the safe state is confirmed, 1 when nobody had taken the relay over or it \
            fails, 69 when the broker cannot be reached, 75 when no answer comes in time.
            """)

    @Argument(help: "The node.")
    var node: String

    @Option(help: "How long to wait for the answer, in seconds.")
    var timeout: Int = 5

    @OptionGroup var options: BrokerOptions

    func validate() throws {
        guard ShNodeName(node) != nil else {
            throw ValidationError("\"\(node)\" is no node name: \(ShNodeTag.form)")
        }
        guard timeout > 0 else { throw ValidationError("--timeout must be at least 1") }
    }

    func run() async throws {
        let order = Order(
            node: node, value: nil, overrideFor: nil, within: timeout, command: "release")
        let answer = try await order.ask(options)
        let state = answer.value.map { $0.mantissa == 0 ? "off" : "on" } ?? "as it was"
        Output.line("\(node) is given back and \(state)")
    }
}

import ArgumentParser
import Control
import Host
import Vocabulary

package struct ReloadCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract:
            "Have the gateway on this machine read its layout again, and show what came of it.",
        discussion: """
            The same as SIGHUP. Ends with 0 when the layout runs or is unchanged, 1 when it was rejected and the old \
            one keeps running, 69 when the gateway is not running, 75 after a timeout.
            """)

    @OptionGroup var options: LocalOptions

    package init() {}

    package func run() async throws {
        let (outcome, detail) = try await options.answer(to: .reload) { answer in
            answer["reload"]?.text.map {
                ($0, answer["detail"]?.text?.printable(limit: 2_000) ?? "")
            }
        }
        switch outcome {
        case "applied": Output.line("layout reloaded: \(detail)")
        case "unchanged": Output.line("layout unchanged")
        default:
            Output.error("tidegate: layout rejected: \(detail)")
            throw ExitStatus.failure.code
        }
    }
}

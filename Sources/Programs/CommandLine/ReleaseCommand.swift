import ArgumentParser
import Host
import Vocabulary

package struct ReleaseCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Release an overridden relay; it goes to its safe state.",
        discussion: """
            A gateway on this machine is asked itself, without a broker, unless an option names one.

            Ends with 0 when the safe state is confirmed, 1 when there is no override or the relay \
            fails, 69 when gateway or broker is unreachable, 75 after a timeout.
            """)

    @Argument(help: "The node.")
    package var node: String

    @Option(help: "Timeout of the answer, in seconds.")
    package var timeout: Int = 5

    @OptionGroup var options: BrokerOptions

    package init() {}

    package func validate() throws {
        guard ShNodeName(node) != nil else {
            throw ValidationError("\"\(node)\" is not a valid node name: \(ShNodeTag.form)")
        }
        guard timeout > 0 else { throw ValidationError("--timeout must be at least 1") }
    }

    package func run() async throws {
        let order = Order(node: node, request: .release, within: timeout, command: "release")
        let answer = try await order.ask(options)
        Output.line("\(node) is released and \(order.request.state(answer.value))")
    }
}

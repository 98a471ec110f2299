import ArgumentParser
import Host
import Vocabulary

package struct SetCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Switch a relay, or set a pulse meter's total, and wait for the confirmation.",
        discussion: """
            A gateway on this machine is asked itself, without a broker, unless an option names one.

            A total is given in the channel's unit, as the meter shows it; history records who set it.

            With --for the relay is overridden by hand until that time has passed or `tidegate release`: \
            other controllers are refused. Then it goes to its safe state.

            Ends with 0 when the state is confirmed, 1 when the command is refused or fails, 69 when \
            gateway or broker is unreachable, 75 after a timeout.
            """)

    @Argument(help: "The node.")
    package var node: String

    @Argument(help: "on, off or a number in the channel's unit.")
    package var value: String

    @Option(name: .customLong("for"), help: "Override the relay for this time: 30s, 10min, 2h.")
    var overrideFor: String?

    @Option(help: "Timeout of the answer, in seconds.")
    package var timeout: Int = 5

    @OptionGroup var options: BrokerOptions

    package init() {}

    package func validate() throws {
        guard ShNodeName(node) != nil else {
            throw ValidationError("\"\(node)\" is not a valid node name: \(ShNodeTag.form)")
        }
        guard timeout > 0 else { throw ValidationError("--timeout must be at least 1") }
        _ = try CommandRequest(value: value, overrideFor: overrideFor)
    }

    package func run() async throws {
        let order = Order(
            node: node, request: try CommandRequest(value: value, overrideFor: overrideFor),
            within: timeout, command: "set")
        let answer = try await order.ask(options)
        let held = overrideFor.map { ", overridden for \($0)" } ?? ""
        Output.line("\(node) is \(order.request.state(answer.value))\(held)")
    }
}

import ArgumentParser
import Vocabulary

struct SetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Switch a relay, or set a pulse meter's total, and wait for the confirmation.",
        discussion: """
            A total is given in the channel's unit, as the meter shows it; history records who set it.

            With --for the relay is taken over by hand: until that time is over, or `tidegate release`, \
            nobody else may command it. Then it goes to its safe state.

            Ends with 0 when the state is confirmed, 1 when the command is refused or fails, 69 when \
            the broker cannot be reached, 75 when no answer comes in time.
            """)

    @Argument(help: "The node.")
    var node: String

    @Argument(help: "on, off or a number in the channel's unit.")
    var value: String

    @Option(name: .customLong("for"), help: "Take the relay over for so long: 30s, 10min, 2h.")
    var overrideFor: String?

    @Option(help: "How long to wait for the answer, in seconds.")
    var timeout: Int = 5

    @OptionGroup var options: BrokerOptions

    func validate() throws {
        guard ShNodeName(node) != nil else {
            throw ValidationError("\"\(node)\" is no node name: \(ShNodeTag.form)")
        }
        guard timeout > 0 else { throw ValidationError("--timeout must be at least 1") }
        if let overrideFor, Duration(layoutText: overrideFor) == nil {
            throw ValidationError("--for \(overrideFor) must be a time like 30s, 10min or 2h")
        }
    }

    func run() async throws {
        let order = Order(
            node: node, value: value, overrideFor: overrideFor.flatMap(Duration.init(layoutText:)),
            within: timeout, command: "set")
        let answer = try await order.ask(options)
        let held = overrideFor.map { ", taken over for \($0)" } ?? ""
        Output.line("\(node) is \(answer.value.map { word($0) } ?? value)\(held)")
    }

    /// What the user asked in words is answered in words.
    private func word(_ number: DecimalNumber) -> String {
        guard ["on", "off"].contains(value) else { return "\(number)" }
        return number.mantissa == 0 ? "off" : "on"
    }
}

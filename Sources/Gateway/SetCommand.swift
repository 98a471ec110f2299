import ArgumentParser
import Channels
import Upstreams
import Vocabulary

struct SetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Switch a relay and wait for the state that it confirms.",
        discussion: """
            Ends with 0 when the state is confirmed, 1 when the command is refused or fails, 69 when \
            the broker cannot be reached, 75 when no answer comes in time.
            """)

    @Argument(help: "The node.")
    var node: String

    @Argument(help: "on, off or a number in the channel's unit.")
    var value: String

    @Option(help: "How long to wait for the answer, in seconds.")
    var within: Int = 5

    @OptionGroup var options: BrokerOptions

    func validate() throws {
        guard ShNodeName(node) != nil else {
            throw ValidationError("\"\(node)\" is no node name: \(ShNodeTag.form)")
        }
        guard within > 0 else { throw ValidationError("--within must be at least 1") }
    }

    func run() async throws {
        let clock = SystemClock()
        let target = try options.target(for: "set")
        guard let node = ShNodeName(node), let gateway = target.gateway else {
            Output.error("tidegate: name the gateway with --gateway")
            throw ExitStatus.configuration.code
        }
        var chance = SystemChance()
        let id = CommandID(using: &chance)
        let responseTopic = target.reader.responseTopic(gateway: gateway, name: "cli-\(id.text)")
        guard
            let message = target.reader.command(
                gateway: gateway, node: node, value: value, id: id,
                expires: clock.wallTime.advanced(by: .seconds(within)),
                responseTopic: responseTopic, correlationData: Array(id.text.utf8))
        else {
            Output.error("tidegate: \"\(value)\" must be on, off or a number")
            throw ExitStatus.usage.code
        }
        let session = MqttSession(settings: target.settings, clock: clock)
        session.connect()
        let asking = Ask(session: session, target: target, id: id)
        let outcome = await Channels.within(.seconds(within), on: clock) {
            await asking.ask(message, responseTopic: responseTopic)
        }
        session.close()
        try end(outcome ?? .late)
    }

    private func end(_ outcome: Ask.Outcome) throws {
        switch outcome {
        case .answered(let answer) where answer.outcome == .confirmed:
            Output.line("\(node) is \(answer.value.map { word($0) } ?? value)")
        case .answered(let answer):
            Output.error(
                "tidegate: \(node) was not set, \(answer.outcome): \(answer.detail ?? "no reason given")"
            )
            throw (answer.outcome == .late ? ExitStatus.late : ExitStatus.failure).code
        case .unavailable(let why):
            Output.error("tidegate: \(why)")
            throw ExitStatus.unavailable.code
        case .late:
            Output.error(
                "tidegate: no answer from \(node) within \(within) s; it is not known whether it was set"
            )
            throw ExitStatus.late.code
        }
    }

    /// What the user asked in words is answered in words.
    private func word(_ number: DecimalNumber) -> String {
        guard ["on", "off"].contains(value) else { return "\(number)" }
        return number.mantissa == 0 ? "off" : "on"
    }
}

/// One question over MQTT and its one answer.
private struct Ask: Sendable {
    enum Outcome: Sendable {
        case answered(PlainAnswer)
        case unavailable(String)
        case late
    }

    let session: MqttSession
    let target: BrokerOptions.Target
    let id: CommandID

    func ask(_ message: MqttMessage, responseTopic: String) async -> Outcome {
        var wasSent = false
        for await news in session.news {
            do throws(UpstreamError) {
                switch news {
                case .connected: try session.subscribe(responseTopic)
                // Asked only now, so that the answer cannot come before we listen.
                case .subscribed:
                    try session.publish(message)
                    wasSent = true
                // After the command is out, nobody knows whether it arrived.
                case .disconnected where wasSent: return .late
                case .unreachable(let why), .refused(let why), .disconnected(let why),
                    .subscriptionRefused(_, let why), .publishRefused(_, let why, _):
                    return .unavailable("\(target.settings.broker): \(why)")
                case .received(let reply):
                    if let answer = target.reader.answer(in: reply), answer.id == id {
                        return .answered(answer)
                    }
                case .acknowledged, .dropped: break
                }
            } catch {
                return .unavailable("\(error)")
            }
        }
        return .late
    }
}

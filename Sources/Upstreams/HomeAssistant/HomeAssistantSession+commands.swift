import Codecs
import Mqtt
import Vocabulary

// What Home Assistant says. Any client of the broker may have written it.
extension HomeAssistantSession {
    /// The longest command, in bytes.
    static let longestCommand = 64
    /// Home Assistant may start again and again: how long one birth is enough for.
    static let birthPause = Duration.seconds(20)

    mutating func incoming(
        _ message: MqttMessage, at now: WallTime, using generator: inout some RandomNumberGenerator
    ) -> Incoming {
        if message.topic == topics.heartbeat {
            return Incoming(.ignored(why: "a heartbeat"), isHeartbeat: !message.isRetained)
        }
        if message.topic == codec.settings.birthTopic {
            return Incoming(birth(message, at: now))
        }
        guard codec.settings.maySwitch, let target = topics.target(of: message.topic) else {
            return Incoming(
                .ignored(why: "topic \(message.topic.prefix(128)): is not a command topic"))
        }
        guard let node = ShNodeName(target) else {
            return Incoming(
                .ignored(why: "topic \(message.topic.prefix(128)): names no node"))
        }
        let (id, reply) = (CommandID(using: &generator), Reply(topic: topics.outcome(node)))
        do throws(CommandRefusal) {
            let value = try Self.value(in: message)
            let command = try Command(
                .set(value), to: target, of: codec.profile, id: id, source: codec.source)
            return Incoming(.commands([command], reply), isHeartbeat: true)
        } catch {
            return Incoming(.refused(why: error.why, id: id, node: node, reply))
        }
    }

    private static func value(in message: MqttMessage) throws(CommandRefusal) -> CommandValue {
        guard !message.isRetained else {
            throw CommandRefusal("retained commands are refused; publish without the retain flag")
        }
        guard message.payload.count <= longestCommand else {
            throw CommandRefusal(
                "\(message.payload.count) bytes; a command has at most \(longestCommand)")
        }
        guard let text = String(validating: message.payload, as: UTF8.self),
            let value = CommandValue(text)
        else { throw CommandRefusal("not a command; send ON, OFF or a number") }
        return value
    }

    /// All that it needs is retained, so one that starts again soon after misses nothing.
    private func birth(_ message: MqttMessage, at now: WallTime) -> Incoming.Matter {
        guard message.payload.elementsEqual(codec.settings.birthPayload.utf8) else {
            return .ignored(why: "Home Assistant stops")
        }
        if let lastBirth {
            let (age, overflow) = now.nanoseconds.subtractingReportingOverflow(
                lastBirth.nanoseconds)
            if !overflow, age >= 0, age < Self.birthPause.wholeNanoseconds {
                return .ignored(why: "all was announced a moment ago")
            }
        }
        return .birthWanted
    }

    /// A confirmed state comes as any other. After all else the old one is shown again, so that the switch
    /// jumps back, and why.
    mutating func answer(
        _ outcome: CommandOutcome, id: CommandID, node: ShNodeName?, to reply: Reply,
        at now: Timestamp
    ) -> [MqttMessage] {
        guard let detail = outcome.detail, let profile = node.flatMap({ codec.nodes[$0] }),
            let commanded = profile.commanded
        else { return [] }
        var members = [
            JsonText.Member(name: "event_type", value: .text(outcome.kind.rawValue)),
            JsonText.Member(name: "id", value: .text(id.text)),
            JsonText.Member(
                name: "detail", value: .text(detail.printable(limit: Self.longestDetail))),
        ]
        if profile.isSimulated { members.append(Self.simulated) }
        var state = latest[commanded.name].flatMap(state)
        state?.isRetained = false
        return [state].compactMap(\.self) + [
            MqttMessage(topic: reply.topic, payload: JsonText.group(members).bytes)
        ]
    }

    /// The most of a reason that an answer gives.
    private static let longestDetail = 500
}

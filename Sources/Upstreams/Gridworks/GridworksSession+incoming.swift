import Codecs
import Documents
import Mqtt
import Vocabulary

// Reads what the parent and admin say. Any client may have written what comes in here.
extension GridworksSession {
    /// One who may speak to us.
    enum Speaker: Sendable {
        case parent, admin
    }

    func incoming(
        _ message: MqttMessage, at now: WallTime, using generator: inout some RandomNumberGenerator
    ) -> Incoming {
        guard let speaker = speaker(of: message.topic) else {
            return Incoming(
                .ignored(why: "topic \(message.topic.prefix(128)): is not of this link"))
        }
        guard !message.isRetained else {
            return Incoming(.ignored(why: "a retained message, which is not a command"))
        }
        if speaker == .parent, let identity = fastAcknowledgement(message.payload) {
            return Incoming(.acknowledged(identity), isHeartbeat: true)
        }
        let envelope: GridworksEnvelope
        do throws(GridworksEnvelope.Malformed) {
            envelope = try GridworksEnvelope(message.payload)
        } catch {
            return Incoming(.malformed(why: "\(words(speaker)): \(error.why)"))
        }
        guard envelope.source == name(of: speaker) else {
            return Incoming(
                .ignored(
                    why: "\(words(speaker)): is from \(envelope.source.prefix(128)), "
                        + "not from \(name(of: speaker))"))
        }
        // Only the peer of the link keeps it alive.
        let isHeartbeat = speaker == .parent
        do throws(GridworksEnvelope.Malformed) {
            let matter = try matter(of: envelope, from: speaker, at: now, using: &generator)
            let mark = speaker == .admin ? GridworksCodec.adminMark : ""
            return Incoming(
                matter, isHeartbeat: isHeartbeat,
                acknowledge: envelope.toAcknowledge.map { mark + $0 })
        } catch {
            let why = "\(words(speaker)): \(envelope.type.prefix(64)): \(error.why)"
            return Incoming(.malformed(why: why), isHeartbeat: isHeartbeat)
        }
    }

    private func speaker(of topic: String) -> Speaker? {
        if GridworksTopics.isTopic(topic, of: codec.parentRoot) { return .parent }
        let isAdmins =
            codec.settings.hasAdmin && GridworksTopics.isTopic(topic, of: codec.adminRoot)
        return isAdmins ? .admin : nil
    }

    func name(of speaker: Speaker) -> String {
        speaker == .parent ? codec.settings.parent.text : GridworksTopics.admin
    }

    private func words(_ speaker: Speaker) -> String {
        speaker == .parent ? "message from the parent" : "message from admin"
    }

    /// What speaker waits for answers on.
    func reply(to speaker: Speaker, _ context: GridworksContext? = nil) -> Reply {
        let name = speaker == .parent ? codec.settings.parentShortName : GridworksTopics.admin
        return Reply(
            topic: GridworksTopics.root(from: codec.gateway.text, to: name),
            correlationData: context?.bytes)
    }

    /// Acknowledgements are half of all messages and all look alike, so they need no parser.
    private func fastAcknowledgement(_ payload: [UInt8]) -> String? {
        let (head, tail) = (codec.acknowledgementHead, GridworksCodec.acknowledgementTail)
        guard payload.count == head.count + 36 + tail.count, payload.starts(with: head),
            payload[(head.count + 36)...].elementsEqual(tail)
        else { return nil }
        let identity = String(decoding: payload[head.count..<head.count + 36], as: UTF8.self)
        return GridworksIdentity.isUUID4(identity) ? identity : nil
    }

    private func matter(
        of envelope: GridworksEnvelope, from speaker: Speaker, at now: WallTime,
        using generator: inout some RandomNumberGenerator
    ) throws(GridworksEnvelope.Malformed) -> Incoming.Matter {
        let destination = destination(of: speaker)
        switch envelope.type {
        case "gridworks.ping", "gridworks.shutdown": return .ignored(why: envelope.type)
        case "gridworks.ack":
            guard let identity = envelope.payload["AckMessageID"]?.text else {
                throw .init("AckMessageID: must be a text")
            }
            return speaker == .parent
                ? .acknowledged(identity) : .ignored(why: "an acknowledgement of admin's")
        case "gridworks.proactor.dbg":
            let identity = GridworksIdentity.fresh(using: &generator)
            return .reply([debugAnswer(to: envelope.payload, identity, destination, at: now)])
        case "send.snap": return .snapshotWanted
        case "send.layout":
            return .reply([layoutLite(at: now, to: destination)])
        case "send.control.capabilities":
            return .reply([capabilities(at: now, to: destination)])
        case "fsm.event" where speaker == .parent:
            return try command(in: envelope, at: now, using: &generator)
        case "analog.dispatch" where speaker == .parent:
            return try command(in: envelope, at: now, using: &generator)
        case let type where type.hasPrefix("admin."):
            guard speaker == .admin else {
                throw .init("only admin may send that, on its own topic")
            }
            return try adminCommand(in: envelope, at: now, using: &generator)
        case let type where type.hasPrefix("gridworks.event") || type == "report.event":
            return .ignored(why: "\(type.prefix(64)): an event of the peer")
        default: throw .init("is an unknown type")
        }
    }

    /// The last word of the topics that a speaker listens to.
    func destination(of speaker: Speaker) -> String {
        speaker == .parent ? codec.settings.parentShortName : GridworksTopics.admin
    }

    /// Says the subscriptions when they are asked for. Levels stay as they were set at the start.
    private func debugAnswer(
        to payload: JsonNode, _ identity: String, _ destination: String, at now: WallTime
    ) -> MqttMessage {
        let loggers = ["message_summary", "lifecycle", "comm_event", "io_loop"]
        let asked = payload["Levels"]
        let levels = loggers.map { name in
            JsonText.Member(
                name: name, value: .number(asked?[name]?.strictInteger ?? -1))
        }
        let wantsSubscriptions = payload["Command"]?.text == "show_subscriptions"
        let setsLevels = loggers.contains { (asked?[$0]?.strictInteger ?? -1) >= 0 }
        var says =
            wantsSubscriptions
            ? ["subscriptions: " + codec.subscriptions.joined(separator: " ")] : []
        if setsLevels { says.append("log levels are set at the start only") }
        let body = JsonText.object([
            "MessageId": .text(identity),
            "TimeCreatedMs": .number(GridworksTime.milliseconds(now)),
            "Src": .text(codec.gateway.text),
            "TypeName": "gridworks.event.proactor.dbg",
            "Command": .object([
                "Levels": .group(levels),
                "Command": wantsSubscriptions ? "show_subscriptions" : .null,
                "TypeName": "gridworks.proactor.dbg",
            ]),
            "Path": "", "Count": .number(0), "Msg": .text(says.joined(separator: "; ")),
        ])
        // Its acknowledgement is not awaited: a requester that misses it asks again.
        return GridworksEnvelope.message(
            "gridworks.event.proactor.dbg", from: codec.gateway.text, to: destination,
            identity: identity, body, qos: .atLeastOnce)
    }
}

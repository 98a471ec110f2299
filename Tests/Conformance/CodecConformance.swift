import Codecs
import Health
import Mqtt
import Vocabulary

/// What every codec owes its upstream, whatever its words.
public enum CodecConformance {
    /// Largest packets that brokers take. In less there is no room for one reading in every codec's words.
    static let limits = [2_048, 8_192, 65_536]

    /// Puts a codec to use, and returns every promise that it breaks; none when all is well.
    ///
    /// - Parameters:
    ///   - profile: What the codec was made for: at least one channel.
    ///   - command: One that is carried out; nil for a codec that takes none.
    public static func broken(
        by codec: any Codec, of profile: GatewayProfile, command: MqttMessage?
    ) -> [String] {
        connecting(codec) + saying(codec, profile) + history(codec, profile)
            + hearing(codec, profile, command)
    }

    static let now = WallTime(nanoseconds: 1_795_225_230_003_000_000)
    static let stamp = Timestamp(wall: now, monotonic: MonotonicInstant(nanoseconds: 1))

    private static func session(_ codec: any Codec, _ number: UInt64 = 0) -> any CodecSession {
        codec.session(of: CodecConnection(number: number))
    }

    private static func connecting(_ codec: any Codec) -> [String] {
        var broken: [String] = []
        if Set(codec.subscriptions).count != codec.subscriptions.count {
            broken.append("a subscription is there twice")
        }
        for number in [0, 1, 255, 256] as [UInt64] {
            let will = session(codec, number).will
            if will != session(codec, number).will {
                broken.append("connection \(number) has several last wills")
            }
            guard let will, codec.hears(will.topic) else { continue }
            broken.append("the last will goes to the gateway itself")
        }
        return broken
    }

    /// Everything that a session may say, by what it is about.
    private static func words(
        _ codec: any Codec, _ profile: GatewayProfile, within limit: Int
    ) -> [(about: String, messages: [MqttMessage])] {
        var session = session(codec)
        let own = LinkStatus(
            who: profile.gateway.text, incarnation: profile.incarnation, sequence: 1,
            state: .connected, interval: .seconds(10))
        let values = profile.nodes.flatMap { node in
            node.channels.map {
                LiveValue(
                    node: node.name, reading: Reading(channel: $0.name, value: 1), at: stamp)
            }
        }
        let faults = profile.nodes.map {
            ActiveFault(
                node: $0.name, fault: Fault(kind: .timeout, isOn: true, detail: "no reply"),
                since: now)
        }
        var words: [(about: String, messages: [MqttMessage])] = [
            ("birth", session.birth(at: now, within: limit)),
            ("status", session.status(own, links: [own], queues: [], at: now, within: limit)),
            ("faults", session.activeFaults(faults, at: now, within: limit)),
            ("activation", session.activation(at: now)),
        ]
        for value in values {
            words.append(("live", session.live(value.reading, at: value.at)))
            words.append(("cleared", session.clear(value.reading.channel)))
        }
        for node in profile.nodes {
            words.append(("control", session.control(Control(), of: node.name, at: stamp)))
            words.append(("cleared", session.clear(node.name)))
        }
        words.append(("snapshot", session.snapshot(values, at: now)))
        words.append(("offline", session.offline(at: now)))
        return words
    }

    private static func saying(_ codec: any Codec, _ profile: GatewayProfile) -> [String] {
        var broken: [String] = []
        if session(codec).births.isEmpty { broken.append("nothing is said of who is here") }
        for limit in limits {
            for (about, messages) in words(codec, profile, within: limit) {
                for message in messages {
                    if ["birth", "status", "faults"].contains(about), message.packetSize > limit {
                        broken.append(
                            "\(about) has \(message.packetSize) bytes where \(limit) are taken")
                    }
                    if codec.hears(message.topic) {
                        broken.append("\(about) goes to the gateway itself, on \(message.topic)")
                    }
                    if session(codec).outgoing(message).packetSize > message.packetSize {
                        broken.append("\(about) grows as it goes out")
                    }
                }
            }
        }
        return broken
    }

    /// Readings, faults and events in turn, with the gateway's periods between them.
    private static func entries(_ profile: GatewayProfile) -> [Entry] {
        let channels = profile.nodes.flatMap(\.channels)
        return (1...200).map { number in
            let channel = channels[number % channels.count]
            let matter: Fact.Matter =
                switch number % 10 {
                case 3:
                    .fault(Fault(kind: .timeout, isOn: number % 20 == 3, detail: "no reply"))
                case 7: .event(GatewayEvent(.reloaded, detail: "1 node"))
                default: .readings([Reading(channel: channel.name, value: Int64(number))])
                }
            return Entry(
                offset: JournalOffset(number),
                fact: Fact(node: channel.node, at: stamp, matter: matter))
        }
    }

    private static func history(_ codec: any Codec, _ profile: GatewayProfile) -> [String] {
        let journal = JournalIdentity(high: 1, low: 2)
        let entries = entries(profile)
        let live = Set(
            words(codec, profile, within: .max).filter { $0.about == "live" }
                .flatMap { $0.messages.filter(\.isRetained).map(\.topic) })
        var broken: [String] = []
        for limit in limits {
            var (first, second) = (
                codec.historyWriter(of: journal), codec.historyWriter(of: journal)
            )
            let batches = entries.flatMap { first.write($0, within: limit) } + first.finish()
            let again = entries.flatMap { second.write($0, within: limit) } + second.finish()
            if batches != again { broken.append("the same entries are written in two ways") }
            var next: JournalOffset = 1
            for batch in batches {
                if batch.covers.lowerBound != next {
                    broken.append("after \(next - 1) comes \(batch.covers)")
                }
                next = batch.covers.upperBound + 1
                for message in batch.messages {
                    if message.isRetained { broken.append("history is retained") }
                    if message.qos != .atLeastOnce { broken.append("history may be lost") }
                    if live.contains(message.topic) {
                        broken.append("history is on \(message.topic), as live values are")
                    }
                    if codec.hears(message.topic) {
                        broken.append("history goes to the gateway itself")
                    }
                    if message.packetSize > limit {
                        broken.append("history has \(message.packetSize) bytes of \(limit)")
                    }
                }
            }
            if next != 201 { broken.append("history ends at \(next - 1), not at 200") }
            let identities = batches.compactMap(\.identity)
            if Set(identities).count != identities.count {
                broken.append("two batches have one identity")
            }
            if codec.peer != nil,
                batches.contains(where: { !$0.messages.isEmpty && $0.identity == nil })
            {
                broken.append("a batch has nothing that the peer could acknowledge")
            }
        }
        return broken
    }

    private static func hearing(
        _ codec: any Codec, _ profile: GatewayProfile, _ command: MqttMessage?
    ) -> [String] {
        var broken: [String] = []
        var chance = SeededGenerator(seed: 1)
        var session = session(codec)
        let topics = codec.subscriptions.map {
            $0.replacing("+", with: profile.nodes[0].name.text).replacing("#", with: "any/thing")
        }
        let payloads = [
            "", "\0", "{", "[]", "{}", "null", "on", "1e999", "\u{FEFF}{}",
            String(repeating: "[", count: 4_096), String(repeating: "x", count: 100_000),
        ]
        for topic in topics + ["elsewhere"] {
            for payload in payloads.map({ Array($0.utf8) }) + [[0xFF, 0xFE, 0x00]] {
                for isRetained in [false, true] {
                    let message = MqttMessage(
                        topic: topic, payload: payload, isRetained: isRetained)
                    let incoming = session.incoming(message, at: now, using: &chance)
                    switch incoming.matter {
                    case .refused(let why, _, _, _), .malformed(let why), .ignored(let why):
                        if why.isEmpty { broken.append("\(topic) is refused without a word") }
                    case .commands where topic == "elsewhere" || isRetained || payload.isEmpty:
                        broken.append("\(topic) commands with what is no command")
                    default: break
                    }
                    if isRetained, incoming.isHeartbeat {
                        broken.append("a retained message counts as a heartbeat")
                    }
                }
            }
        }
        guard var command else { return broken }
        guard
            case .commands(_, let reply) = session.incoming(command, at: now, using: &chance).matter
        else { return broken + ["the command is not carried out"] }
        command.isRetained = true
        let retained = session.incoming(command, at: now, using: &chance)
        if case .commands = retained.matter { broken.append("a retained command is carried out") }
        if retained.isHeartbeat { broken.append("a retained command counts as a heartbeat") }
        guard let id = CommandID("conformance-1") else { return broken }
        let answers = session.answer(
            .refused("no"), id: id, node: profile.nodes[0].name, to: reply,
            at: Timestamp(wall: now, monotonic: MonotonicInstant(nanoseconds: 0)))
        if answers.contains(where: \.isRetained) { broken.append("an answer is retained") }
        return broken
    }
}

extension CodecSession {
    fileprivate var births: [MqttMessage] {
        var session = self
        return session.birth(at: CodecConformance.now, within: .max)
    }
}

extension Codec {
    /// Whether the gateway would take for its own input what goes there.
    fileprivate func hears(_ topic: String) -> Bool {
        subscriptions.contains { matches(filter: $0, topic: topic) }
    }
}

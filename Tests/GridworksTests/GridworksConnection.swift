import Codecs
import Mqtt
import Vocabulary

@testable import Gridworks

/// One connection of a link, with its codec, for tests that use it from several places.
final class GridworksConnection: Sendable {
    let codec: GridworksCodec
    private let session: Guarded<GridworksSession>

    init(_ codec: GridworksCodec, _ connection: CodecConnection = CodecConnection(number: 0)) {
        self.codec = codec
        session = Guarded(GridworksSession(codec: codec, connection))
    }

    var subscriptions: [String] { codec.subscriptions }
    var will: MqttMessage? { session.withLock(\.will) }

    func historyWriter(of journal: JournalIdentity) -> any HistoryWriter {
        codec.historyWriter(of: journal)
    }

    func ping(_ identity: String) -> MqttMessage { codec.ping(identity) }

    func acknowledgement(of identity: String) -> MqttMessage {
        codec.acknowledgement(of: identity)
    }

    func birth(at now: WallTime) -> [MqttMessage] {
        session.withLock { $0.birth(at: now, within: .max) }
    }
    func offline(at now: WallTime) -> [MqttMessage] { session.withLock { $0.offline(at: now) } }

    func activation(at now: WallTime) -> [MqttMessage] {
        session.withLock { $0.activation(at: now) }
    }

    func live(_ reading: Reading, at: WallTime) -> [MqttMessage] {
        session.withLock { $0.live(reading, at: GridworksHouse.stamp(at)) }
    }

    func snapshot(_ latest: [LiveValue], at now: WallTime) -> [MqttMessage] {
        session.withLock { $0.snapshot(latest, at: now) }
    }

    func control(
        _ control: Control, of node: ShNodeName, at now: Timestamp
    ) -> [MqttMessage] {
        session.withLock { $0.control(control, of: node, at: now) }
    }

    func incoming(
        _ message: MqttMessage, at now: WallTime, using chance: inout SeededGenerator
    ) -> Incoming {
        session.withLock { $0.incoming(message, at: now, using: &chance) }
    }

    func answer(
        _ outcome: CommandOutcome, id: CommandID, node: ShNodeName?, to reply: Reply,
        at now: Timestamp
    ) -> [MqttMessage] {
        session.withLock { $0.answer(outcome, id: id, node: node, to: reply, at: now) }
    }
}

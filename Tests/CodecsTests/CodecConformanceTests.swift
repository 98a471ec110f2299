import Codecs
import Conformance
import Fakes
import Mqtt
import Testing
import Vocabulary

@Suite struct `Every codec keeps its promises` {
    @Test func `a numbered one`() {
        #expect(
            CodecConformance.broken(by: SequencedCodec(), of: SampleGateway.profile, command: nil)
                == [])
    }

    @Test func `the one of other tests`() {
        let command = MqttMessage(
            topic: "set/\(SampleGateway.heater)", payload: Array("c1 1".utf8))
        #expect(
            CodecConformance.broken(
                by: SimulatedCodec(), of: SampleGateway.profile, command: command) == [])
    }

    @Test func `and one that does not is seen`() {
        let broken = Set(
            CodecConformance.broken(
                by: CarelessCodec(), of: SampleGateway.profile,
                command: MqttMessage(topic: "in", payload: [])))
        #expect(
            broken.isSuperset(of: [
                "nothing is said of who is here", "the last will goes to the gateway itself",
                "history is retained", "elsewhere commands with what is no command",
                "a retained command is carried out", "a retained message counts as a heartbeat",
                "history ends at 1, not at 200",
            ]), "\(broken)")
    }
}

/// Breaks what it can.
private struct CarelessCodec: Codec, CodecSession, HistoryWriter {
    var subscriptions: [String] { ["in"] }
    var will: MqttMessage? { MqttMessage(topic: "in", payload: []) }
    func session(of connection: CodecConnection) -> any CodecSession { self }
    func historyWriter(of journal: JournalIdentity) -> any HistoryWriter { self }
    func birth(at now: WallTime, within limit: Int) -> [MqttMessage] { [] }
    func live(_ reading: Reading, at: Timestamp) -> [MqttMessage] { [] }

    func write(_ entry: Entry, within limit: Int) -> [HistoryBatch] {
        guard entry.offset == 1 else { return [] }
        let message = MqttMessage(topic: "out", payload: [], isRetained: true)
        return [HistoryBatch(covers: 1...1, messages: [message])]
    }

    func incoming(
        _ message: MqttMessage, at now: WallTime, using generator: inout some RandomNumberGenerator
    ) -> Incoming {
        let command = Command(
            id: CommandID(using: &generator), node: SampleGateway.heater, order: .set(1),
            source: CommandSource(.upstream, "any"))
        return Incoming(.commands([command], Reply(topic: "out")), isHeartbeat: true)
    }

    func answer(
        _ outcome: CommandOutcome, id: CommandID, node: ShNodeName?, to reply: Reply,
        at now: Timestamp
    ) -> [MqttMessage] { [] }
}

import Mqtt
import PlainJson
import Testing
import Vocabulary

@Suite struct `A command on a very long topic` {
    private static let relay = ShNodeName(
        known: "pump-of-the-heating-circuit-in-the-northern-house")

    private let codec = PlainCodec(
        profile: GatewayProfile(
            gateway: GatewayName(known: "d1.test"), incarnation: "one",
            nodes: [
                NodeProfile(
                    name: Self.relay, kind: .relay, title: "Pump",
                    driver: DriverModel(known: "gpio-relay"), isSimulated: true,
                    channels: [
                        DataChannel(
                            name: "pump-state", node: Self.relay, source: "state", unit: .onOff,
                            exponent: 0, pollPeriod: .seconds(1),
                            capture: CaptureRule(period: .seconds(60), delta: 1))
                    ])
            ]),
        upstream: UpstreamName(known: "local"))

    @Test func `is refused by its beginning alone`() {
        var generator = SeededGenerator(seed: 1)
        let target = "\(Self.relay)" + String(repeating: "/x", count: 30_000)
        let incoming = codec.incoming(
            MqttMessage(
                topic: "tidegate/d1.test/set/\(target)", payload: Array("on".utf8),
                responseTopic: "tidegate/d1.test/answer/requester"),
            at: WallTime(nanoseconds: 0), using: &generator)
        guard case .refused(let why, _, nil, _) = incoming.matter else {
            Issue.record("not refused: \(incoming)")
            return
        }
        #expect(
            why == "node \(target.prefix(64)): is not of this gateway; did you mean \(Self.relay)")
    }
}

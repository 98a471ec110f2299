import Testing
import Vocabulary

@testable import Gateway

@Suite struct `What brokers may keep of a gateway` {
    private let home: TestHome
    private var names: RetainedNames { RetainedNames(directory: home.path) }

    init() throws { home = try TestHome() }

    private func profile(_ nodes: [(name: String, kind: NodeKind)]) -> GatewayProfile {
        GatewayProfile(
            gateway: "d1.test", incarnation: "1",
            nodes: nodes.compactMap { node -> NodeProfile? in
                guard let name = ShNodeName(node.name), let channel = DataChannelName(node.name)
                else { return nil }
                return NodeProfile(
                    name: name, kind: node.kind, title: "", driver: "test", isSimulated: true,
                    channels: [
                        DataChannel(
                            name: channel, node: name, source: "value", unit: .onOff, exponent: 0,
                            pollPeriod: .seconds(1),
                            capture: CaptureRule(period: .seconds(1), delta: nil))
                    ])
            })
    }

    @Test func `is taken back once the layout has it no more, after any number of starts`() throws {
        let all = profile([("pump", .relay), ("tank", .sensor), ("roof", .sensor)])
        let first = try names.note(all)
        #expect(first.channels == [:] && first.nodes == [])
        for _ in 0..<3 {
            let former = try names.note(profile([("roof", .sensor)]))
            #expect(former.channels == ["pump": "pump", "tank": "tank"])
            #expect(former.nodes == ["pump", "tank"])
        }
        let back = try names.note(profile([("tank", .sensor), ("roof", .sensor)]))
        #expect(back.channels == ["pump": "pump"] && back.nodes == ["pump"])
        let turned = try names.note(profile([("pump", .sensor), ("tank", .sensor)]))
        #expect(turned.channels == ["roof": "roof"] && turned.nodes == ["roof"])
    }

    @Test func `is forgotten for what is newer, and is nothing that a file holds by chance`() throws
    {
        for number in 0..<12 {
            _ = try names.note(profile((0..<100).map { ("c\(number)-\($0)", .relay) }))
        }
        let former = try names.note(profile([]))
        #expect(former.channels.count == RetainedNames.mostFormer)
        #expect(former.channels["c1-99"] == nil)
        #expect(former.channels["c2-0"] == "c2-0" && former.channels["c11-99"] == "c11-99")
        _ = try home.file(
            "retained",
            "channel ../x\nchannel\nactuator a b\n\u{0}\nchannel ok\nactuator valve\nnode x y\n")
        let rest = try names.note(profile([]))
        // As an earlier version wrote them.
        #expect(rest.channels == ["ok": nil] && rest.nodes == ["valve"])
    }
}

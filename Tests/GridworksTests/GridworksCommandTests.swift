import Testing
import Vocabulary

@testable import Codecs
@testable import Gridworks
@testable import Mqtt

@Suite struct `A GridWorks command` {
    typealias House = GridworksHouse

    private func incoming(
        _ message: MqttMessage, _ codec: GridworksConnection = House.codec()
    ) -> Incoming {
        var chance = SeededGenerator(seed: 1)
        return codec.incoming(message, at: House.now, using: &chance)
    }

    private func refusal(_ message: MqttMessage, _ codec: GridworksConnection = House.codec())
        -> String
    {
        switch incoming(message, codec).matter {
        case .refused(let why, _, _, _): why
        case .malformed(let why): "malformed: \(why)"
        case .ignored(let why): "ignored: \(why)"
        default: "obeyed"
        }
    }

    @Test(arguments: [
        ("relay1", "CloseRelay", 1), ("relay1", "OpenRelay", 0), ("relay2", "OpenRelay", 1),
    ])
    func `of the parent switches the relay that it names`(node: String, event: String, steps: Int64)
    {
        let message = House.said(
            "fsm.event", House.event(event, to: "a.\(node)", from: "a"))
        let incoming = incoming(message)
        guard case .commands(let commands, let reply) = incoming.matter else {
            Issue.record("\(incoming.matter)")
            return
        }
        #expect(commands.map(\.node.text) == [node])
        #expect(commands.map(\.order) == [.set(steps)])
        #expect(commands.map(\.source) == [CommandSource(.upstream, "peer")])
        #expect(commands.map(\.id.text) == [House.trigger])
        #expect(commands.map(\.expires) == [House.now.advanced(by: .seconds(60))])
        #expect(reply.topic == "gw/d1-isone-ct-newhaven-orange1-scada/to/a")
        #expect(incoming.acknowledge == "4a525fc8-da64-440e-afd3-494dabace085")
        #expect(incoming.isHeartbeat)
    }

    @Test func `with a number drives an output`() {
        let message = House.said(
            "analog.dispatch",
            #""FromHandle":"a","ToHandle":"a.dist-010v","AboutName":"dist-010v","Value":42,"#
                + #""TriggerId":"\#(House.trigger)","UnixTimeMs":1795225230003,"Version":"000""#)
        guard case .commands(let commands, _) = incoming(message).matter else {
            Issue.record("refused")
            return
        }
        #expect(commands.map(\.order) == [.set(42)])
        #expect(
            refusal(
                House.said("fsm.event", House.event("CloseRelay", to: "a.dist-010v", from: "a")))
                == "node dist-010v: takes analog.dispatch, not fsm.event")
    }

    @Test(arguments: [
        (House.event("CloseRelay", to: "a.relay1", from: "b"), "FromHandle b: the boss is a"),
        (
            House.event("CloseRelay", to: "admin.relay1", from: "admin"),
            "ToHandle admin.relay1: the relay's handle is a.relay1"
        ),
        (
            House.event("CloseRelay", to: "x.a.relay1", from: "x.a"),
            "ToHandle x.a.relay1: the relay's handle is a.relay1"
        ),
        (
            House.event("Shut", to: "a.relay1", from: "a"),
            "node relay1: takes OpenRelay or CloseRelay of change.relay.state, "
                + "not Shut of change.relay.state"
        ),
        (House.event("CloseRelay", to: "a.tank", from: "a"), "node tank: not an actuator"),
        (House.event("CloseRelay", to: "", from: ""), "node : not an actuator"),
        (
            House.event("CloseRelay", to: "a.relay1", from: "a", version: "001"),
            "malformed: message from the parent: fsm.event: Version: must be 000"
        ),
        (
            House.event("CloseRelay", to: "a.relay1", from: "a", sent: 7),
            "malformed: message from the parent: fsm.event: SendTimeUnixMs: must be milliseconds of "
                + "the years 2000 to 3000"
        ),
    ]) func `that must not be obeyed is refused, and why`(members: String, why: String) {
        #expect(refusal(House.said("fsm.event", members)) == why)
    }

    @Test(arguments: [(300_000, "obeyed"), (300_001, "refused"), (1_000_000_000_000, "refused")])
    func `from the future is refused, as is what would take over by it`(
        ahead: Int64, outcome: String
    ) {
        let sent = 1_795_225_230_003 + ahead
        let orders = [
            House.said(
                "fsm.event", House.event("CloseRelay", to: "a.relay1", from: "a", sent: sent)),
            House.said(
                "analog.dispatch",
                #""FromHandle":"a","ToHandle":"a.dist-010v","AboutName":"dist-010v","Value":42,"#
                    + #""TriggerId":"\#(House.trigger)","UnixTimeMs":\#(sent),"Version":"000""#),
            House.said(
                "admin.dispatch",
                #""DispatchTrigger":{"#
                    + House.event("CloseRelay", to: "admin.relay1", from: "admin", sent: sent)
                    + #","TypeName":"fsm.event"},"TimeoutSeconds":30,"Version":"000""#,
                source: "admin"),
        ]
        for order in orders {
            let why = refusal(order)
            #expect(why == outcome || outcome == "refused" && why.contains("ahead"), "\(why)")
        }
    }

    @Test func `of the parent is refused while another requester overrides the relay`() {
        let message = House.said("fsm.event", House.event("CloseRelay", to: "a.relay1", from: "a"))
        let admins = House.codec(holders: [House.relay1: House.admin])
        #expect(
            refusal(message, admins) == "ToHandle a.relay1: the relay's handle is admin.relay1")
        let byHand = House.codec(holders: [House.relay1: CommandSource(.page)])
        #expect(refusal(message, byHand) == "ToHandle a.relay1: the relay's handle is local.relay1")
        let local = House.said(
            "fsm.event", House.event("CloseRelay", to: "local.relay1", from: "local"))
        #expect(refusal(local, byHand) == "node relay1: overridden by local")
        let other = House.said("fsm.event", House.event("OpenRelay", to: "a.relay2", from: "a"))
        #expect(refusal(other, admins) == "obeyed")
    }

    @Test func `that is retained, from another sender or on another topic is ignored`() {
        let members = House.event("CloseRelay", to: "a.relay1", from: "a")
        let retained = incoming(House.said("fsm.event", members, isRetained: true))
        #expect(!retained.isHeartbeat && retained.acknowledge == nil)
        #expect(refusal(House.said("fsm.event", members, isRetained: true)).hasPrefix("ignored"))
        let stranger = House.said("fsm.event", members, source: "d1.isone.ct.newhaven.orange2")
        #expect(refusal(stranger).hasPrefix("ignored"))
        #expect(!incoming(stranger).isHeartbeat && incoming(stranger).acknowledge == nil)
        var elsewhere = House.said("fsm.event", members)
        elsewhere.topic = "gw/d1-isone-ct-newhaven-orange11/to/s/fsm-event"
        #expect(refusal(elsewhere).hasPrefix("ignored"))
        elsewhere.topic = "gw/d1-isone-ct-newhaven-orange1/to/s"
        #expect(refusal(elsewhere) == "obeyed")
    }

    @Test func `of admin counts only where admin is let in, and on its own topic`() {
        let message = House.said(
            "admin.dispatch", House.dispatch("CloseRelay", to: "relay1"), source: "admin")
        #expect(refusal(message) == "obeyed")
        #expect(refusal(message, House.codec(hasAdmin: false)).hasPrefix("ignored"))
        let parents = House.said("admin.dispatch", House.dispatch("CloseRelay", to: "relay1"))
        #expect(refusal(parents).hasPrefix("malformed"))
        #expect(!House.codec(hasAdmin: false).subscriptions.contains { $0.contains("admin") })
        #expect(
            House.codec().subscriptions == [
                "gw/d1-isone-ct-newhaven-orange1/to/s/#",
                "gw/admin/to/d1-isone-ct-newhaven-orange1-scada/#",
            ])
    }

    @Test func `of admin holds every relay for a time that is bounded, until it is released`() {
        let keep = House.said(
            "admin.keep.alive", #""AdminTimeoutSeconds":999999999"#, source: "admin")
        guard case .commands(let held, _) = incoming(keep).matter else {
            Issue.record("refused")
            return
        }
        #expect(held.count == 3)
        #expect(held.allSatisfy { $0.order == .override(value: nil, for: .seconds(86_400)) })
        #expect(Set(held.map(\.id)).count == 3)
        let release = House.said("admin.release.control", "", source: "admin")
        guard case .commands(let released, _) = incoming(release).matter else {
            Issue.record("refused")
            return
        }
        #expect(released.map(\.order) == [.release, .release, .release])
        for timeout in ["0", "-1", "1.5", "\"30\"", "true"] {
            let bad = House.said(
                "admin.keep.alive", #""AdminTimeoutSeconds":\#(timeout)"#, source: "admin")
            #expect(refusal(bad).hasPrefix("malformed"))
        }
        let silent = House.said("admin.keep.alive", #""AdminTimeoutSeconds":null"#, source: "admin")
        guard case .commands(let usual, _) = incoming(silent).matter else {
            Issue.record("refused")
            return
        }
        #expect(usual.first?.order == .override(value: nil, for: .seconds(300)))
    }

    @Test func `that is refused or fails is answered by a glitch`() {
        let codec = House.codec()
        let reply = Reply(topic: "gw/d1-isone-ct-newhaven-orange1-scada/to/a")
        let id = CommandID(House.trigger)!
        let refused = codec.answer(
            .refused("no"), id: id, node: House.relay1, to: reply, at: House.stamp(House.now))
        #expect(
            refused.map(House.payload) == [
                #"{"FromGNodeAlias":"d1.isone.ct.newhaven.orange1.scada","Node":"relay1","#
                    + #""Type":"Warning","Summary":"command refused","Details":"no","#
                    + #""CreatedMs":1795225230003,"TypeName":"glitch","Version":"000"}"#
            ])
        let late = codec.answer(
            .timedOut("slow"), id: id, node: nil, to: reply, at: House.stamp(House.now))
        #expect(House.payload(late.first).contains(#""Node":"s","Type":"Error""#))
    }

    @Test func `that changes who holds a relay is followed by the new command tree, once`() throws {
        let codec = House.codec()
        let stamp = House.stamp(House.now)
        #expect(codec.control(Control(), of: House.relay1, at: stamp).isEmpty)
        let hand = Control(overriddenBy: CommandSource(.cli))
        #expect(codec.control(hand, of: House.relay1, at: stamp).count == 2)
        let told = codec.control(Control(overriddenBy: House.admin), of: House.relay2, at: stamp)
        #expect(
            told.map(\.topic) == [
                "gw/d1-isone-ct-newhaven-orange1-scada/to/a/new-command-tree",
                "gw/d1-isone-ct-newhaven-orange1-scada/to/admin/new-command-tree",
            ])
        let tree = House.payload(told.first)
        for handle in ["a", "admin", "local", "admin.relay2", "local.relay1", "a.dist-010v"] {
            #expect(tree.contains(#""Handle":"\#(handle)""#), "\(handle)")
        }
        #expect(codec.control(hand, of: House.relay1, at: stamp).isEmpty)
        #expect(codec.control(Control(), of: House.relay1, at: stamp).count == 2)
    }
}

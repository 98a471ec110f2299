import Fakes
import GridworksParent
import Mqtt
import Testing
import Vocabulary

@testable import GridworksParent
@testable import Mqtt

@Suite struct `A GridWorks parent` {
    typealias House = GridworksHouse
    let child = GridworksParentCodec.Child(House.scada)
    let other = GridworksParentCodec.Child("d1.other.scada", shortName: "s1")
    var parent: GridworksParentCodec {
        GridworksParentCodec(alias: House.parent, shortName: "a", children: [child, other])
    }
    let codec = House.codec()

    private func matter(_ message: MqttMessage?) throws -> GridworksReceived.Matter {
        let message = try #require(message)
        return try #require(parent.heard(message)).matter
    }

    @Test func `listens to each of its children`() {
        #expect(
            parent.subscriptions == [
                "gw/d1-isone-ct-newhaven-orange1-scada/to/a/#", "gw/d1-other-scada/to/a/#",
            ])
        #expect(parent.heard(MqttMessage(topic: "gw/d1-stranger/to/a/x", payload: [])) == nil)
        #expect(parent.heard(MqttMessage(topic: "gw/d1-other-scada/to/ab", payload: [])) == nil)
    }

    @Test func `hears events with their readings, whole`() throws {
        var writer = codec.historyWriter(of: House.journal)
        _ = writer.write(House.entry(1, House.readings(("tank", 21_500), ("relay1", 1)), "tank"))
        let batches = writer.write(
            House.entry(2, .event(GatewayEvent(.stopped, detail: "by hand"))))
        let heard = try #require(parent.heard(batches[0].messages[0]))
        #expect(heard.acknowledge == batches[0].identity && heard.isHeartbeat)
        guard case .event(let report) = heard.matter,
            case .event(let stop) = try matter(batches[1].messages[0])
        else {
            Issue.record("no events")
            return
        }
        #expect(report.identity == batches[0].identity && report.source == House.scada.text)
        #expect(report.readings.map(\.value) == [21_500, 1])
        #expect(report.readings.map(\.channel) == ["tank", "relay1"])
        #expect(
            String(decoding: report.payload, as: UTF8.self)
                == House.payload(batches[0].messages[0])
        )
        #expect(stop.type == "gridworks.event.shutdown" && stop.words == "by hand")
    }

    @Test func `hears what its child says of now`() throws {
        let value = LiveValue(
            node: "relay1", reading: Reading(channel: "vdc-relay1", value: 1),
            at: House.stamp(House.now))
        guard
            case .snapshot(let readings, let states) = try matter(
                codec.snapshot([value], at: House.now).first)
        else {
            Issue.record("no snapshot")
            return
        }
        #expect(readings.map(\.channel) == ["vdc-relay1"])
        #expect(states.map(\.state) == ["RelayClosed"] && states.map(\.handle) == ["a.relay1"])
        guard case .layout(let offers) = try matter(codec.activation(at: House.now).first) else {
            Issue.record("no layout")
            return
        }
        #expect(offers.map(\.handle) == ["a.relay1", "a.relay2"])
        #expect(offers.map(\.words) == [.normallyOpen, House.normallyClosed])
        #expect(try matter(codec.ping("p")) == .ping)
        #expect(try matter(codec.acknowledgement(of: "x")) == .acknowledged("x"))
    }

    @Test func `commands a relay of its child and hears what came of it`() throws {
        var chance = SeededGenerator(seed: 1)
        let command = parent.command(
            "CloseRelay", of: "change.relay.state", to: "a.relay1", at: child,
            trigger: House.trigger, now: House.now)
        let incoming = codec.incoming(command, at: House.now, using: &chance)
        guard case .commands(let commands, let reply) = incoming.matter else {
            Issue.record("\(incoming)")
            return
        }
        #expect(commands.map(\.order) == [.set(1)] && incoming.acknowledge == House.trigger)
        let answer = codec.answer(
            .confirmed(1, at: House.stamp(House.now).monotonic), id: commands[0].id,
            node: House.relay1, to: reply, at: House.stamp(House.now))
        #expect(
            try matter(answer.first)
                == .commandDone(trigger: House.trigger, "relay1: RelayClosed, 1"))
        let number = parent.command(
            value: 7, about: "dist-010v", to: "a.dist-010v", at: child, trigger: House.trigger,
            now: House.now)
        guard
            case .commands(let outputs, _) = codec.incoming(number, at: House.now, using: &chance)
                .matter
        else {
            Issue.record("refused")
            return
        }
        #expect(outputs.map(\.order) == [.set(7)])
        for question in [
            parent.sendSnapshot(to: child), parent.sendLayout(to: child, at: House.now),
        ] {
            let matter = codec.incoming(question, at: House.now, using: &chance).matter
            if case .malformed(let why) = matter { Issue.record("\(why)") }
        }
    }

    @Test(arguments: ["12", "12.0", "\"12\""]) func `takes whole watts in any form`(text: String)
        throws
    {
        func power(_ text: String) -> MqttMessage {
            MqttMessage(
                topic: "gw/d1-isone-ct-newhaven-orange1-scada/to/a/power-watts",
                payload: Array(
                    #"{"Header":{"Src":"x"},"Payload":{"Watts":\#(text),"TypeName":"power.watts"}}"#
                        .utf8))
        }
        #expect(try matter(power(text)) == .power(12))
        guard case .malformed = try matter(power("12.5")) else {
            Issue.record("12.5 is no whole number")
            return
        }
    }

    @Test
    func `takes a retained message for nobody's word, and malformed ones for no heartbeat`()
        throws
    {
        var ping = codec.ping("p")
        ping.isRetained = true
        let retained = try #require(parent.heard(ping))
        #expect(!retained.isHeartbeat && retained.acknowledge == nil)
        ping.isRetained = false
        ping.payload.removeLast()
        let broken = try #require(parent.heard(ping))
        #expect(!broken.isHeartbeat && broken.acknowledge == nil)
    }
}

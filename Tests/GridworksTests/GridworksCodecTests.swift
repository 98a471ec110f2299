import Testing
import Vocabulary

@testable import Codecs
@testable import GridworksParent
@testable import Mqtt

@Suite struct `A GridWorks link` {
    typealias House = GridworksHouse
    let codec = House.codec()

    private func incoming(_ message: MqttMessage) -> Incoming {
        var chance = SeededGenerator(seed: 1)
        return codec.incoming(message, at: House.now, using: &chance)
    }

    @Test func `acknowledges a ping and takes an acknowledgement`() {
        let ping = incoming(
            House.said("gridworks.ping", #""MessageId":"4a525fc8-da64-440e-afd3-494dabace085""#))
        #expect(ping.isHeartbeat)
        #expect(ping.acknowledge == "4a525fc8-da64-440e-afd3-494dabace085")
        let parent = GridworksParentCodec(alias: House.parent, shortName: "a", children: [])
        let ack = incoming(
            parent.acknowledgement(
                of: "1313f73e-4b5b-495f-baf4-6e2b94733dbe", to: .init(House.scada)))
        #expect(
            ack
                == Incoming(
                    .acknowledged("1313f73e-4b5b-495f-baf4-6e2b94733dbe"), isHeartbeat: true))
        // The same, written another way.
        let spaced = MqttMessage(
            topic: "gw/d1-isone-ct-newhaven-orange1/to/s/x",
            payload: Array(
                #" {"Payload": {"TypeName": "gridworks.ack", "AckMessageID": "x", "More": 1e99}, "#
                    .utf8)
                + Array(#""Header": {"Src": "d1.isone.ct.newhaven.orange1"}}"#.utf8))
        #expect(incoming(spaced) == Incoming(.acknowledged("x"), isHeartbeat: true))
    }

    @Test func `believes the payload before the header`() {
        let message = House.said(
            "gridworks.ping",
            #""MessageId":"from-the-payload","AckRequired":true,"Src":"d1.isone.ct.newhaven.orange1""#,
            id: "from-the-header", source: "somebody.else")
        #expect(incoming(message).acknowledge == "from-the-payload")
    }

    @Test(arguments: [
        "", "{", "[]", "null", "\"gw\"", "{}", #"{"Payload":{}}"#, "\u{FEFF}{}",
        #"{"Header":{"Src":"d1.isone.ct.newhaven.orange1"},"Payload":{"TypeName":"gridworks.ping"},"TypeName":"other"}"#,
        #"{"Header":{"Src":"d1.isone.ct.newhaven.orange1","TypeName":"x"},"Payload":{"TypeName":"gridworks.ping"}}"#,
        #"{"Header":{"Src":7},"Payload":{"TypeName":"gridworks.ping"}}"#,
        #"{"Header":{},"Payload":{"TypeName":"gridworks.ping"}}"#,
        #"{"Header":{"Src":"d1.isone.ct.newhaven.orange1"},"Payload":{"TypeName":"gridworks.ping"}} x"#,
        #"{"Header":{"Src":"d1.isone.ct.newhaven.orange1"},"Payload":{"TypeName":"gridworks.ping"},}"#,
        #"{"Header":{"Src":"d1.isone.ct.newhaven.orange1","MessageId":"a\nb"},"Payload":{"TypeName":"gridworks.ping"}}"#,
    ]) func `takes what is no envelope for malformed, and for no heartbeat`(text: String) {
        let message = MqttMessage(
            topic: "gw/d1-isone-ct-newhaven-orange1/to/s/x", payload: Array(text.utf8))
        let incoming = incoming(message)
        guard case .malformed = incoming.matter else {
            Issue.record("\(incoming)")
            return
        }
        #expect(!incoming.isHeartbeat && incoming.acknowledge == nil)
    }

    @Test func `does not acknowledge a type that it does not know`() {
        let unknown = incoming(House.said("energy.instruction", ""))
        #expect(
            unknown
                == Incoming(
                    .malformed(
                        why: "message from the parent: energy.instruction: is an unknown type"),
                    isHeartbeat: true))
        let event = incoming(House.said("gridworks.event.whatever", ""))
        #expect(event.acknowledge != nil)
        #expect(incoming(House.said("gridworks.shutdown", "")).acknowledge != nil)
    }

    @Test func `answers what it is asked`() throws {
        #expect(incoming(House.said("send.snap", "")).matter == .snapshotWanted)
        guard case .reply(let layout) = incoming(House.said("send.layout", "")).matter,
            case .reply(let capabilities) = incoming(
                House.said("send.control.capabilities", "", source: "admin")
            ).matter,
            case .reply(let debug) = incoming(
                House.said(
                    "gridworks.proactor.dbg",
                    #""Levels":{"message_summary":10},"Command":"show_subscriptions""#)
            ).matter
        else {
            Issue.record("no reply")
            return
        }
        #expect(layout.map(\.topic) == ["gw/d1-isone-ct-newhaven-orange1-scada/to/a/layout-lite"])
        #expect(capabilities.first?.topic.contains("/to/admin/") == true)
        guard
            case .reply(let admins) = incoming(House.said("send.layout", "", source: "admin"))
                .matter
        else {
            Issue.record("no reply to admin")
            return
        }
        #expect(admins.first?.topic.hasSuffix("/to/admin/layout-lite") == true)
        #expect(
            House.payload(debug.first).contains(
                #""TypeName":"gridworks.event.proactor.dbg","Command":{"Levels":{"message_summary":10,"#
                    + #""lifecycle":-1,"comm_event":-1,"io_loop":-1},"Command":"show_subscriptions""#
            ))
        #expect(
            debug.first?.text.contains("subscriptions: gw/d1-isone-ct-newhaven-orange1/to/s/#")
                == true)
    }

    @Test func `says that it is here on a topic that no GridWorks peer hears`() {
        #expect(codec.will?.topic == "tidegate/d1.isone.ct.newhaven.orange1.scada/link/peer")
        #expect(codec.will?.isRetained == true && codec.will?.text.contains("offline") == true)
        #expect(codec.birth(at: House.now).map(\.topic) == [codec.will?.topic])
        #expect(codec.offline(at: House.now).allSatisfy { $0.text.contains("offline") })
    }

    @Test func `leaves silent and bad channels out of a snapshot`() {
        func value(_ channel: DataChannelName, secondsAgo: Int, _ quality: Quality = .good)
            -> LiveValue
        {
            LiveValue(
                node: "tank", reading: Reading(channel: channel, value: 1, quality: quality),
                at: House.stamp(House.now.advanced(by: .seconds(-secondsAgo))))
        }
        let text = House.payload(
            codec.snapshot(
                [
                    value("tank", secondsAgo: 126), value("relay1", secondsAgo: 127),
                    value("relay2", secondsAgo: 1), value("hp-odu-pwr", secondsAgo: 1, .stale),
                ], at: House.now
            ).first)
        #expect(
            text.contains("tank") && text.contains("\"a.relay2\"") && text.contains("RelayOpen"))
        #expect(!text.contains("relay1") && !text.contains("hp-odu-pwr"))
    }

    @Test func `reports the power when all meters are known and it moved enough`() {
        func watts(_ channel: DataChannelName, _ value: Int64, _ quality: Quality = .good)
            -> String?
        {
            codec.live(Reading(channel: channel, value: value, quality: quality), at: House.now)
                .first { $0.topic.hasSuffix("power-watts") }.map(House.payload)
        }
        func told(_ watts: Int) -> String {
            #"{"Watts":\#(watts),"TypeName":"power.watts","Version":"000"}"#
        }
        #expect(watts("hp-odu-pwr", 1000) == nil)
        #expect(watts("hp-idu-pwr", 5000) == told(1500))
        // 2 % of 10 kW are 200 W; that much exactly is not more.
        #expect(watts("hp-odu-pwr", 1200) == nil)
        #expect(watts("hp-odu-pwr", 1201) == told(1701))
        #expect(watts("hp-odu-pwr", 0, .stale) == nil)
        #expect(watts("hp-idu-pwr", 0) == nil)
        #expect(watts("hp-odu-pwr", 100) == told(100))
        #expect(codec.activation(at: House.now).map(House.payload).last == told(100))
    }
}

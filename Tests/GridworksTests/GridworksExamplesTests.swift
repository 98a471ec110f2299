import Fakes
import GridworksParent
import Mqtt
import Testing
import Vocabulary

/// What a genuine gwproactor put on the wire, byte for byte; identities aside, which are ours.
@Suite struct `A captured GridWorks message` {
    let codec = GridworksHouse.codec()
    typealias House = GridworksHouse

    @Test func `of a ping and its acknowledgement is what the parent says`() {
        let codec = GridworksParentCodec(
            alias: House.parent, shortName: "a", children: [.init(House.scada)])
        let child = GridworksParentCodec.Child(House.scada)
        let ping = codec.ping("4a525fc8-da64-440e-afd3-494dabace085", to: child)
        #expect(ping.topic == "gw/d1-isone-ct-newhaven-orange1/to/s/gridworks-ping")
        #expect(
            ping.text
                == #"{"Header":{"Src":"d1.isone.ct.newhaven.orange1","Dst":"s","MessageType":"gridworks.ping","MessageId":"4a525fc8-da64-440e-afd3-494dabace085","AckRequired":true,"TypeName":"gridworks.header","Version":"001"},"Payload":{"MessageId":"4a525fc8-da64-440e-afd3-494dabace085","TypeName":"gridworks.ping"},"TypeName":"gw"}"#
        )
        let ack = codec.acknowledgement(of: "1313f73e-4b5b-495f-baf4-6e2b94733dbe", to: child)
        #expect(ack.topic == "gw/d1-isone-ct-newhaven-orange1/to/s/gridworks-ack")
        #expect(
            ack.text
                == #"{"Header":{"Src":"d1.isone.ct.newhaven.orange1","Dst":"s","MessageType":"gridworks.ack","MessageId":"","AckRequired":false,"TypeName":"gridworks.header","Version":"001"},"Payload":{"AckMessageID":"1313f73e-4b5b-495f-baf4-6e2b94733dbe","TypeName":"gridworks.ack"},"TypeName":"gw"}"#
        )
    }

    @Test(
        arguments: [
            (
                .event(GatewayEvent(.started, detail: "i7")), 1_795_224_776_397,
                #"{"MessageId":"ID","TimeCreatedMs":1795224776397,"Src":"d1.isone.ct.newhaven.orange1.scada","TypeName":"gridworks.event.startup"}"#
            ),
            (
                .event(GatewayEvent(.stopped, detail: "stop requested")), 1_795_224_785_399,
                #"{"MessageId":"ID","TimeCreatedMs":1795224785399,"Src":"d1.isone.ct.newhaven.orange1.scada","TypeName":"gridworks.event.shutdown","Reason":"stop requested","Version":"001"}"#
            ),
            (
                .fault(Fault(kind: .implausible, isOn: true, detail: "")), 1_795_227_738_927,
                #"{"MessageId":"ID","TimeCreatedMs":1795227738927,"Src":"d1.isone.ct.newhaven.orange1.scada","TypeName":"gridworks.event.problem","ProblemType":"warning","Summary":"gateway: implausible","Details":"","Version":"001"}"#
            ),
            (
                .event(GatewayEvent(.connected, link: "peer")), 1_795_224_776_399,
                #"{"MessageId":"ID","TimeCreatedMs":1795224776399,"Src":"d1.isone.ct.newhaven.orange1.scada","TypeName":"gridworks.event.comm.mqtt.connect","PeerName":"peer","Version":"001"}"#
            ),
            (
                .event(GatewayEvent(.disconnected, link: "peer")), 1_795_227_741_622,
                #"{"MessageId":"ID","TimeCreatedMs":1795227741622,"Src":"d1.isone.ct.newhaven.orange1.scada","TypeName":"gridworks.event.comm.mqtt.disconnect","PeerName":"peer","Version":"001"}"#
            ),
            (
                .event(GatewayEvent(.subscribed, link: "peer")), 1_795_224_776_400,
                #"{"MessageId":"ID","TimeCreatedMs":1795224776400,"Src":"d1.isone.ct.newhaven.orange1.scada","TypeName":"gridworks.event.comm.mqtt.fully.subscribed","PeerName":"peer","Version":"001"}"#
            ),
            (
                .event(GatewayEvent(.peerActive, link: "peer")), 1_795_224_776_407,
                #"{"MessageId":"ID","TimeCreatedMs":1795224776407,"Src":"d1.isone.ct.newhaven.orange1.scada","TypeName":"gridworks.event.comm.peer.active","PeerName":"peer","Version":"001"}"#
            ),
            (
                .event(GatewayEvent(.peerSilent, link: "peer")), 1_795_227_740_521,
                #"{"MessageId":"ID","TimeCreatedMs":1795227740521,"Src":"d1.isone.ct.newhaven.orange1.scada","TypeName":"gridworks.event.comm.response.timeout","PeerName":"peer","Version":"001"}"#
            ),
        ] as [(Fact.Matter, Int64, String)])
    func `of an event is what our facts become`(
        matter: Fact.Matter, milliseconds: Int64, expected: String
    ) throws {
        var writer = codec.historyWriter(of: House.journal)
        let batches = writer.write(House.entry(7, matter, milliseconds: milliseconds))
        let batch = try #require(batches.first)
        let identity = try #require(batch.identity)
        let message = try #require(batch.messages.first)
        #expect(House.payload(message) == expected.replacing("ID", with: identity))
        let type = try #require(
            expected.split(separator: "\"").first { $0.hasPrefix("gridworks.event") })
        #expect(
            message.topic
                == "gw/d1-isone-ct-newhaven-orange1-scada/to/a/\(type.replacing(".", with: "-"))")
        #expect(
            message.text.hasPrefix(
                #"{"Header":{"Src":"d1.isone.ct.newhaven.orange1.scada","Dst":"a","MessageType":"\#(type)","MessageId":"\#(identity)","AckRequired":true,"TypeName":"gridworks.header","Version":"001"}"#
            ))
        #expect(message.qos == .atLeastOnce && !message.isRetained)
    }

    @Test func `of a snapshot, a reading and the power is what live values become`() {
        let at = House.stamp(WallTime(nanoseconds: 1_795_225_186_636_000_000))
        let value = LiveValue(
            node: "meter", reading: Reading(channel: "hp-odu-pwr", value: 0), at: at)
        let now = WallTime(nanoseconds: 1_795_225_190_001_000_000)
        let snapshot = codec.snapshot([value], at: now)
        #expect(
            snapshot.map(\.topic) == [
                "gw/d1-isone-ct-newhaven-orange1-scada/to/a/snapshot-spaceheat",
                "gw/d1-isone-ct-newhaven-orange1-scada/to/admin/snapshot-spaceheat",
            ])
        #expect(
            House.payload(snapshot.first)
                == #"{"FromGNodeAlias":"d1.isone.ct.newhaven.orange1.scada","FromGNodeInstanceId":"c9794c6d-e013-4d74-9570-f9ba4b0f0b0d","SnapshotTimeUnixMs":1795225190001,"LatestReadingList":[{"ChannelName":"hp-odu-pwr","Value":0,"ScadaReadTimeUnixMs":1795225186636,"TypeName":"single.reading","Version":"000"}],"LatestStateList":[],"TypeName":"snapshot.spaceheat","Version":"003"}"#
        )
        let single = codec.live(
            Reading(channel: "dist-010v", value: 20),
            at: WallTime(nanoseconds: 1_795_225_186_637_000_000))
        #expect(
            single.map(House.payload) == [
                #"{"ChannelName":"dist-010v","Value":20,"ScadaReadTimeUnixMs":1795225186637,"TypeName":"single.reading","Version":"000"}"#
            ])
        _ = codec.live(Reading(channel: "hp-odu-pwr", value: 0), at: now)
        let power = codec.live(Reading(channel: "hp-idu-pwr", value: 0), at: now)
        #expect(
            House.payload(power.first)
                == #"{"Watts":0,"TypeName":"power.watts","Version":"000"}"#)
        #expect(power.first?.topic == "gw/d1-isone-ct-newhaven-orange1-scada/to/a/power-watts")
    }

    @Test func `of a report is what readings become`() throws {
        var writer = codec.historyWriter(of: House.journal)
        for (index, reading) in [
            (0, 1_795_225_186_649), (1, 1_795_225_189_642), (0, 1_795_225_194_647),
        ]
        .enumerated() {
            let batches = writer.write(
                House.entry(
                    UInt64(index + 1), House.readings(("vdc-relay1", Int64(reading.0))),
                    House.relay1, milliseconds: Int64(reading.1)))
            #expect(batches.isEmpty)
        }
        let ended = GatewayEvent(.periodEnded, link: "peer", number: 30_000_000_000)
        let batch = try #require(writer.write(House.entry(4, .event(ended))).first)
        let identity = try #require(batch.identity)
        #expect(batch.covers == 1...4)
        let times = "[1795225186649,1795225189642,1795225194647]"
        let expected =
            #"{"MessageId":"ID","TimeCreatedMs":1795225230003,"Src":"d1.isone.ct.newhaven.orange1.scada","TypeName":"report.event","Report":{"FromGNodeAlias":"d1.isone.ct.newhaven.orange1.scada","FromGNodeInstanceId":"c9794c6d-e013-4d74-9570-f9ba4b0f0b0d","AboutGNodeAlias":"d1.isone.ct.newhaven.orange1.ta","SlotStartUnixS":1795225200,"SlotDurationS":30,"ChannelReadingList":[{"ChannelName":"vdc-relay1","ValueList":[0,1,0],"ScadaReadTimeUnixMsList":\#(times),"TypeName":"channel.readings","Version":"002"}],"StateList":[{"MachineHandle":"a.relay1","StateEnum":"relay.closed.or.open","StateList":["RelayOpen","RelayClosed","RelayOpen"],"UnixMsList":\#(times),"TypeName":"machine.states","Version":"000"}],"FsmReportList":[],"MessageCreatedMs":1795225230003,"Id":"ID","TypeName":"report","Version":"002"},"Version":"002"}"#
        #expect(
            House.payload(batch.messages.first) == expected.replacing("ID", with: identity))
    }

    @Test func `of an admin switching a relay is obeyed and answered`() throws {
        let text =
            #"{"Header":{"Src":"admin","Dst":"d1.isone.ct.newhaven.orange1.scada","MessageType":"admin.dispatch","MessageId":"aaaaaaaa-0000-4000-8000-000000000001","AckRequired":true},"Payload":{"DispatchTrigger":{"FromHandle":"admin","ToHandle":"admin.relay2","EventType":"change.relay.state","EventName":"OpenRelay","TriggerId":"aaaaaaaa-0000-4000-8000-000000000002","SendTimeUnixMs":1795227606465,"TypeName":"fsm.event","Version":"000"},"TimeoutSeconds":30,"TypeName":"admin.dispatch","Version":"000"},"TypeName":"gw"}"#
        var chance = SeededGenerator(seed: 1)
        let codec = GridworksHouse.codec(holders: [House.relay2: House.admin])
        _ = codec.live(Reading(channel: "relay2", value: 0), at: House.now)
        let at = WallTime(nanoseconds: 1_795_227_606_465_000_000)
        let incoming = codec.incoming(
            MqttMessage(
                topic: "gw/admin/to/d1-isone-ct-newhaven-orange1-scada/admin-dispatch",
                payload: Array(text.utf8)), at: at, using: &chance)
        guard case .commands(let commands, let reply) = incoming.matter else {
            Issue.record("\(incoming.matter)")
            return
        }
        #expect(
            commands.map(\.order) == [
                .override(value: 1, for: .seconds(30)), .override(value: nil, for: .seconds(30)),
                .override(value: nil, for: .seconds(30)),
            ])
        #expect(commands.map(\.node) == [House.relay2, House.dimmer, House.relay1])
        #expect(commands.allSatisfy { $0.source == House.admin })
        #expect(!incoming.isHeartbeat)
        let acknowledge = try #require(incoming.acknowledge)
        #expect(
            codec.acknowledgement(of: acknowledge).topic
                == "gw/d1-isone-ct-newhaven-orange1-scada/to/admin/gridworks-ack")
        #expect(
            codec.acknowledgement(of: acknowledge).text.contains(
                #""AckMessageID":"aaaaaaaa-0000-4000-8000-000000000001""#))
        let answer = codec.answer(
            .confirmed(1, at: House.stamp(at).monotonic), id: commands[0].id,
            node: commands[0].node, to: reply, at: House.stamp(at))
        #expect(
            answer.first?.topic == "gw/d1-isone-ct-newhaven-orange1-scada/to/admin/fsm-full-report")
        #expect(
            House.payload(answer.first)
                == #"{"FromName":"relay2","TriggerId":"aaaaaaaa-0000-4000-8000-000000000002","AtomicList":[{"MachineHandle":"admin.relay2","StateEnum":"relay.closed.or.open","ReportType":"Event","ActionType":null,"Action":null,"EventEnum":"change.relay.state","Event":"OpenRelay","FromState":"RelayClosed","ToState":"RelayOpen","UnixTimeMs":1795227606465,"TriggerId":"aaaaaaaa-0000-4000-8000-000000000002","TypeName":"fsm.atomic.report","Version":"000"},{"MachineHandle":"relay2","StateEnum":"relay.pin","ReportType":"Action","ActionType":"RelayPinSet","Action":1,"EventEnum":null,"Event":null,"FromState":null,"ToState":null,"UnixTimeMs":1795227606465,"TriggerId":"aaaaaaaa-0000-4000-8000-000000000002","TypeName":"fsm.atomic.report","Version":"000"}],"TypeName":"fsm.full.report","Version":"000"}"#
        )
    }
}

import Fakes
import Fuzzing
import Mqtt
import TestMachine
import Testing
import Vocabulary

@testable import GridworksParent

/// What it costs to read what comes over a broker, which anybody may have written.
@Suite(.ownThread, .enabled(if: Allocations.areCounted)) struct `A GridWorks message over a broker`
{
    typealias Parent = GridworksHouse

    @Test func `to a GridWorks gateway takes memory in proportion to its length`() {
        let codec = Parent.codec()
        let words = String(repeating: "a.", count: 15_000)
        let messages = [
            Parent.said("fsm.event", Parent.event("CloseRelay", to: "a.relay1", from: "a")),
            Parent.said("fsm.event", Parent.event("CloseRelay", to: words, from: words)),
            Parent.said(
                "admin.dispatch", Parent.dispatch("CloseRelay", to: "relay1"), source: "admin"),
            Parent.said("gridworks.ack", #""AckMessageID":"x""#),
            Parent.said("gridworks.proactor.dbg", #""Levels":{"io_loop":3},"Command":null"#),
        ]
        for message in messages {
            #expect(
                Cost.excess(
                    "GridWorks commands",
                    [message.payload] + DearJson.texts(of: 1 << 15).map(\.bytes),
                    rounds: Mangler.rounds(500) / messages.count, limit: 4_096
                ) { bytes in
                    var chance = SeededGenerator(seed: 1)
                    var message = message
                    message.payload = bytes
                    _ = codec.incoming(message, at: Parent.now, using: &chance)
                } == nil)
        }
    }

    @Test func `of a GridWorks gateway takes memory in proportion to its length`() {
        let codec = Parent.codec()
        let parent = GridworksParentCodec(
            alias: Parent.parent, shortName: "a", children: [.init(Parent.scada)])
        var writer = codec.historyWriter(of: Parent.journal)
        _ = writer.write(Parent.entry(1, Parent.readings(("tank", 21_500), ("relay1", 1)), "tank"))
        let said =
            writer.write(Parent.entry(2, .event(GatewayEvent(.started)))).flatMap(\.messages)
            + codec.activation(at: Parent.now) + codec.snapshot([], at: Parent.now)
        let size = 1 << 16
        func message(_ type: String, _ head: String, _ tail: String, _ piece: (Int) -> String)
            -> [UInt8]
        {
            DearJson.filled(
                #"{"TypeName":"gw","Header":{"Src":"x"},"Payload":{"TypeName":"\#(type)","MessageId":"m","TimeCreatedMs":1e12,"#
                    + head, tail + "}}", of: size, piece)
        }
        let dear =
            DearJson.texts(of: size).map(\.bytes) + [
                message("layout.lite", #""ShNodes":["#, "]") {
                    #"{"Name":"\#(String($0, radix: 36))"}"#
                },
                message("new.command.tree", #""ShNodes":["#, "]") { _ in #"{"Name":"a"}"# },
                message("fsm.full.report", #""TriggerId":"","FromName":"","AtomicList":["#, "]") {
                    _ in "{}"
                },
                message("snapshot.spaceheat", #""LatestStateList":[],"LatestReadingList":["#, "]") {
                    _ in
                    #"{"Value":1,"ChannelName":"","ScadaReadTimeUnixMs":1e12}"#
                },
                message(
                    "report.event",
                    #""Report":{"Id":"r","MessageCreatedMs":1e12,"ChannelReadingList":["#, "]}"
                ) {
                    _ in
                    #"{"ChannelName":"","ValueList":[1,1,1],"ScadaReadTimeUnixMsList":[1e12,1e12,1e12]}"#
                },
                message(
                    "report.event",
                    #""Report":{"Id":"r","MessageCreatedMs":1e12,"ChannelReadingList":[{"ChannelName":"","ValueList":["#
                        + String(repeating: "1,", count: size / 7)
                        + #"1],"ScadaReadTimeUnixMsList":[1e12"#,
                    "]}]}"
                ) { _ in ",1e12,1e12" },
            ]
        let topic = said[0].topic
        #expect(
            Cost.excess(
                "what GridWorks gateways send", said.map(\.payload) + dear,
                rounds: Mangler.rounds(500), limit: 4_096
            ) { bytes in
                _ = parent.heard(MqttMessage(topic: topic, payload: bytes))
            } == nil)
    }
}

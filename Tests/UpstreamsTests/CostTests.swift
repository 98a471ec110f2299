import Fuzzing
import TestMachine
import Testing
import Vocabulary

@testable import GridworksParent
@testable import Mqtt
@testable import PlainJson

/// What it costs to read what comes over a broker, which anybody may have written.
@Suite(.ownThread, .enabled(if: Allocations.areCounted)) struct `A message over a broker` {
    typealias Parent = GridworksHouse

    /// `pieces` of one form, with what stands around them, about `size` bytes long.
    private static func filled(
        _ head: String, _ tail: String, of size: Int, _ piece: (Int) -> String
    ) -> [UInt8] {
        var bytes = Array(head.utf8)
        var index = 0
        while bytes.count < size {
            bytes += "\(index > 0 ? "," : "")\(piece(index))".utf8
            index += 1
        }
        return bytes + Array(tail.utf8)
    }

    private static func count(
        _ reader: String, _ samples: [[UInt8]], rounds: Int, limit: Int,
        _ read: ([UInt8]) -> Void
    ) {
        var mangler = Mangler(seed: 20_261_130, limit: limit)
        var cost = Cost(floor: 96 << 10)
        // What is made once and kept is not what a message costs.
        for sample in samples { read(sample) }
        for (index, sample) in samples.enumerated() { cost.count("sample \(index)", sample, read) }
        let short = samples.filter { $0.count <= limit }
        for round in 0..<(short.isEmpty ? 0 : rounds) {
            cost.count("round \(round)", mangler.mangled(short[round % short.count]), read)
        }
        cost.report(reader)
        #expect(cost.isInProportion, "\(reader): \(cost)")
    }

    @Test func `of a gateway takes memory in proportion to its length`() {
        let reader = PlainReader()
        let codec = House.codec
        let at = Timestamp(wall: House.now, monotonic: MonotonicInstant(nanoseconds: 1))
        let said =
            codec.birth(at: House.now) + [codec.will].compactMap(\.self)
            + codec.live(Reading(channel: House.tankTop, value: 1), at: at)
        let tails = [
            "status", "birth", "live/x", "readings/x", "fault/x", "faults", "answer/x",
        ]
        let read = { (bytes: [UInt8]) in
            // Of the many short ones each is tried as one kind.
            let kinds = bytes.count > 4_096 ? tails : [tails[bytes.count % tails.count]]
            for tail in kinds {
                let message = MqttMessage(topic: "tidegate/d1.a/\(tail)", payload: bytes)
                _ = reader.read(message)
            }
            _ = String(decoding: bytes, as: UTF8.self).jsonLine
        }
        let size = 1 << 16
        let head = #"{"state":"online","incarnation":"i","sequence":1,"#
        let dear =
            DearJson.texts(of: size).map(\.bytes) + [
                Self.filled(head + #""links":["#, "]}", of: size) { _ in
                    #"{"name":"","state":""}"#
                },
                Self.filled(head + #""queues":["#, "]}", of: size) { _ in #"{"name":""}"# },
                Self.filled(#"{"faults":["#, "]}", of: size) { _ in
                    #"{"node":"a","kind":"hung","on":true,"detail":"","time":1}"#
                },
                Self.filled(#"{"gateway":"d1.a","incarnation":"","nodes":["#, "]}", of: size) { _ in
                    #"{"name":"a","kind":"sensor","title":"","driver":"a","simulated":true,"channels":[]}"#
                },
                Self.filled(
                    #"{"gateway":"d1.a","incarnation":"","nodes":[{"name":"a","kind":"sensor","title":"","driver":"a","simulated":true,"channels":["#,
                    "]}]}", of: size
                ) { _ in
                    #"{"name":"a","unit":"onOff","exponent":0,"source":"","pollPeriod":0,"capturePeriod":0}"#
                },
            ]
        Self.count(
            "topics",
            [
                String(repeating: "/", count: 60_000),
                "d1.a/answer/" + String(repeating: "a/", count: 30_000),
            ]
            .map { Array($0.utf8) }, rounds: 0, limit: 0
        ) { topic in
            let message = MqttMessage(
                topic: "tidegate/" + String(decoding: topic, as: UTF8.self),
                payload: Array("{}".utf8))
            _ = reader.read(message)
            var chance = SeededGenerator(seed: 1)
            _ = codec.incoming(message, at: House.now, using: &chance)
        }
        Self.count(
            "what gateways publish", said.map(\.payload) + dear, rounds: Mangler.rounds(500),
            limit: 4_096, read)
    }

    @Test func `to a gateway takes memory in proportion to its length`() {
        let codec = House.codec
        let read = { (bytes: [UInt8]) in
            var chance = SeededGenerator(seed: 1)
            let message = MqttMessage(topic: "tidegate/d1.demo.house1/set/pump", payload: bytes)
            _ = codec.incoming(message, at: House.now, using: &chance)
        }
        let orders = [
            "on", " off\n", "21.5", #"{"value":"on","id":"x","overrideFor":"10min","by":"page"}"#,
            String(repeating: "a ", count: 2_048), String(repeating: " ", count: 4_096),
            "{" + String(repeating: " ", count: 4_095),
        ].map { Array($0.utf8) }
        Self.count(
            "commands", orders + DearJson.texts(of: 4_090).map(\.bytes),
            rounds: Mangler.rounds(500), limit: 4_096, read)
        // Longer ones are not looked at.
        Self.count(
            "long commands", DearJson.texts(of: 1 << 16).map(\.bytes), rounds: 0, limit: 0, read)
    }

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
            Self.count(
                "GridWorks commands",
                [message.payload] + DearJson.texts(of: 1 << 15).map(\.bytes),
                rounds: Mangler.rounds(500) / messages.count, limit: 4_096
            ) { bytes in
                var chance = SeededGenerator(seed: 1)
                var message = message
                message.payload = bytes
                _ = codec.incoming(message, at: Parent.now, using: &chance)
            }
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
            Self.filled(
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
        Self.count(
            "what GridWorks gateways send", said.map(\.payload) + dear,
            rounds: Mangler.rounds(500), limit: 4_096
        ) { bytes in
            _ = parent.heard(MqttMessage(topic: topic, payload: bytes))
        }
    }

    @Test func `comes in packets that are read in proportion to their length`() throws {
        let long = [UInt8](repeating: 0x72, count: 60_000)
        var properties: [UInt8] = [8]
        properties.append(counted: long)
        properties.append(9)
        properties.append(counted: long)
        let packets = [
            Wire.message("a", "on", number: 1), Wire.packet(0x90, [0, 1, 0, 1]),
            Wire.message("a", String(repeating: "x", count: 60_000), number: 1),
            Wire.message("a", "on", number: 1, properties: properties),
            Wire.message("a", "on", number: 1, properties: Array(repeating: 0x0B, count: 60_000)),
            Wire.packet(0x40, [0, 1, 0x10, 6, 0x1F, 0, 3, 0x61, 0x62, 0x63]),
        ]
        let now = MonotonicInstant(nanoseconds: 1)
        let settings = MqttSettings(
            broker: BrokerAddress(host: "broker", port: 1883), clientID: "one")
        var welcomed = try MqttConversation(
            settings: settings, exchange: MqttExchange(window: 10, inboxCapacity: 1),
            keepAliveSeconds: 30, at: now)
        try welcomed.receive(Wire.welcome([])[...], at: now)
        Self.count(
            "what brokers send", packets, rounds: Mangler.rounds(500), limit: 1_024
        ) { bytes in
            var conversation = welcomed
            try? conversation.receive(bytes[...], at: now)
        }
    }
}

import Fakes
import Fuzzing
import Mqtt
import TestMachine
import Testing
import Vocabulary

@testable import PlainJson

/// What it costs to read what comes over a broker, which anybody may have written.
@Suite(.ownThread, .enabled(if: Allocations.areCounted)) struct `A message in plain JSON` {
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
                DearJson.filled(head + #""links":["#, "]}", of: size) { _ in
                    #"{"name":"","state":""}"#
                },
                DearJson.filled(head + #""queues":["#, "]}", of: size) { _ in #"{"name":""}"# },
                DearJson.filled(#"{"faults":["#, "]}", of: size) { _ in
                    #"{"node":"a","kind":"hung","on":true,"detail":"","time":1}"#
                },
                DearJson.filled(#"{"gateway":"d1.a","incarnation":"","nodes":["#, "]}", of: size) {
                    _ in
                    #"{"name":"a","kind":"sensor","title":"","driver":"a","simulated":true,"channels":[]}"#
                },
                DearJson.filled(
                    #"{"gateway":"d1.a","incarnation":"","nodes":[{"name":"a","kind":"sensor","title":"","driver":"a","simulated":true,"channels":["#,
                    "]}]}", of: size
                ) { _ in
                    #"{"name":"a","unit":"onOff","exponent":0,"source":"","pollPeriod":0,"capturePeriod":0}"#
                },
            ]
        #expect(
            Cost.excess(
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
            } == nil)
        #expect(
            Cost.excess(
                "what gateways publish", said.map(\.payload) + dear, rounds: Mangler.rounds(500),
                limit: 4_096, read) == nil)
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
        #expect(
            Cost.excess(
                "commands", orders + DearJson.texts(of: 4_090).map(\.bytes),
                rounds: Mangler.rounds(500), limit: 4_096, read) == nil)
        // Longer ones are not looked at.
        #expect(
            Cost.excess(
                "long commands", DearJson.texts(of: 1 << 16).map(\.bytes), rounds: 0, limit: 0, read
            ) == nil)
    }
}

import Documents
import DriverKit
import Drivers
import Fuzzing
import Layouts
import StandardCodecs
import TestMachine
import Testing
import Vocabulary

/// Layouts as a tired hand, a bad disk or a malicious neighbour would leave them.
@Suite(.ownThread) struct `A mutated layout` {
    private static let words = [
        "{", "}", "[", "]", ",", ":", "\"", "//", "null", "true", "-1", "0", "1e30", "1e-30",
        "0.001",
        "9223372036854775807", "-9223372036854775808", "\"\"", "\"x\"", "\"relay\"", "\"10ms\"",
        "\"1d\"", "\"tank\"", "\"exponent\": 9,", "\"exponent\": -9,", "\"captureDelta\": 1e9,",
        "\"parent\": \"tank\",", "\"channels\": [],", "\"component\": \"tank\",", "\"unit\": 247,",
        "\"simulated\": true,", "\"pollPeriod\": \"10ms\",", "\"password\": \"hunter2\",",
        "\"scale\": 1e30,", "\"pulsesPer\": 1e-6,", "\\u0000", "\u{FEFF}", "é",
    ].map { Array($0.utf8) }

    private static let small = Array(
        """
        {"$schema": "x", "gateway": "d1.demo",
         "buses": [{"name": "a", "port": "/dev/ttyUSB0", "baud": 9600, "parity": "even", "stopBits": 2,
           "gap": "100ms"}, {"name": "b", "host": "meter", "tcpPort": 502, "simulated": true}],
         "components": [{"name": "probe", "driver": "ds18b20", "sensor": "28-00000b2d4e5f"}],
         "nodes": [
          {"name": "tank", "kind": "sensor", "title": "Tank", "component": "probe", "channels": [
            {"name": "tank-t", "source": "temperature", "unit": "celsius", "exponent": -2,
             "pollPeriod": "10s", "capturePeriod": "1min", "captureOnChange": true,
             "captureDelta": 0.25, "lowest": 0, "highest": 100, "largestStep": 5.5,
             "powerOnValues": [85], "counter": false}]},
          {"name": "pump", "kind": "relay", "parent": "tank", "safeState": "off",
           "component": {"driver": "gpio-relay", "line": "relays/4", "activeLow": true}},
          {"name": "m1", "kind": "meter", "component": {"driver": "modbus-meter", "bus": "a", "unit": 1,
            "registers": [{"name": "p", "address": 12, "type": "int32", "unit": "watt", "scale": 0.1,
              "captureDelta": 5}, {"name": "e", "address": 14, "type": "float32", "unit": "wattHour",
              "counter": true, "pollPeriod": "60s", "capturePeriod": "5min"}]}},
          {"name": "m2", "kind": "meter", "component": {"driver": "modbus-meter", "bus": "b", "unit": 1,
            "profile": "eastron-sdm120"}}],
         "upstreams": [{"name": "house", "broker": "embedded"},
          {"name": "cloud", "broker": "mqtts://broker.example:8883", "topic": "t", "user": "u",
           "password": {"file": "/k"}, "tls": {"ca": "/a", "certificate": "/c",
           "key": {"credential": "k"}}, "keepAlive": "30s", "window": 50}],
         "journal": {"commitInterval": "200ms", "retain": "7d", "size": "1GB"},
         "settings": {"logLevel": "info", "logFormat": "text", "stateDirectory": "/s", "seed": 1,
          "simulate": false}}
        """.utf8)

    @Test func `is read or refused, and never more than that`() throws {
        let good = [
            Self.small, Self.small, Self.small, Self.small, try shipped("host.json"),
            try shipped("demo.json"),
        ]
        for text in good {
            #expect(
                LayoutReader.read(text, registry: .standard, codecs: .standard).problems.map(
                    \.description) == [])
        }
        let seed: UInt64 = 20_261_121
        print("seed \(seed)")
        let rounds = Mangler.rounds(2_000)
        var chance = SeededGenerator(seed: seed)
        var refused = 0
        for round in 0..<rounds {
            var text = good[round % good.count]
            for _ in 0..<Int.random(in: 1...3, using: &chance) { mutate(&text, &chance) }
            let (layout, problems) = LayoutReader.read(text, registry: .standard, codecs: .standard)
            let isSound = (layout == nil) != problems.isEmpty
            let isInOrder = zip(problems, problems.dropFirst())
                .allSatisfy { $0.place.line <= $1.place.line }
            if !isSound || !isInOrder {
                Issue.record("round \(round): \(String(decoding: text, as: UTF8.self))")
            }
            if layout == nil { refused += 1 }
        }
        // Some mutations change nothing that matters; most must be noticed.
        #expect((rounds * 3 / 5..<rounds).contains(refused))
    }

    private func mutate(_ text: inout [UInt8], _ chance: inout SeededGenerator) {
        guard !text.isEmpty else { return }
        let at = Int.random(in: 0..<text.count, using: &chance)
        switch Int.random(in: 0..<7, using: &chance) {
        case 0: text[at] = UInt8.random(in: 0...255, using: &chance)
        case 1: text[at] = UInt8.random(in: 32..<127, using: &chance)
        case 2: text.remove(at: at)
        case 3:
            let length = Int.random(in: 0..<min(60, text.count - at), using: &chance)
            text.removeSubrange(at..<at + length)
        case 4:
            let length = Int.random(in: 0..<min(200, text.count - at), using: &chance)
            let piece = text[at..<at + length]
            text.insert(contentsOf: piece, at: Int.random(in: 0...text.count, using: &chance))
        case 5:
            let word = Self.words.randomElement(using: &chance) ?? []
            // Before a member, where most of the words are at home.
            let spot = text[at...].firstIndex(of: UInt8(ascii: "{")).map { $0 + 1 } ?? at
            text.insert(contentsOf: word, at: spot)
        default: replaceValue(in: &text, after: at, &chance)
        }
    }

    /// Puts another value in the place of the first one after `at`.
    private func replaceValue(
        in text: inout [UInt8], after at: Int, _ chance: inout SeededGenerator
    ) {
        guard let colon = text[at...].firstIndex(of: UInt8(ascii: ":")),
            let end = text[colon...].firstIndex(where: { ",}]".utf8.contains($0) })
        else { return }
        text.replaceSubrange(colon + 1..<end, with: Self.words.randomElement(using: &chance) ?? [])
    }
}

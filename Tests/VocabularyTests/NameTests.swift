import Foundation
import Testing
import Vocabulary

@Suite struct NameTests {
    @Test(arguments: ["a", "tank1-top", "relay-1", "x9", "a-b-c", "a-1"])
    func `words of lower-case letters and digits joined by hyphens are names`(_ text: String) {
        #expect(ShNodeName(text)?.text == text)
    }

    @Test(arguments: [
        "", "1a", "-a", "a-", "a--b", "Tank", "tank_1", "tank 1", "tank.1", "tänk", "a\n", "a/b",
        "a\u{0}", "+", "#",
    ])
    func `anything else is no name`(_ text: String) {
        #expect(ShNodeName(text) == nil)
    }

    @Test func `a name may have 64 bytes and no more`() {
        #expect(ShNodeName(String(repeating: "a", count: 64)) != nil)
        #expect(ShNodeName(String(repeating: "a", count: 65)) == nil)
    }

    @Test func `a gateway's alias joins its words by dots`() {
        for text in ["d1.demo.house1.scada", "d1"] { #expect(GatewayName(text)?.text == text) }
        for text in ["", "d1..demo", ".d1", "d1.", "d1-demo", "D1.demo", "1d.demo"] {
            #expect(GatewayName(text) == nil, "\(text)")
        }
        #expect(GatewayName(String(repeating: "a", count: 129)) == nil)
    }

    @Test func `names sort by their text and are coded as it`() throws {
        let names = ["b", "a-1", "a"].compactMap { ShNodeName($0) }
        #expect(names.sorted().map { $0.text } == ["a", "a-1", "b"])
        let bytes = try JSONEncoder().encode(names)
        #expect(String(decoding: bytes, as: UTF8.self) == #"["b","a-1","a"]"#)
        #expect(try JSONDecoder().decode([ShNodeName].self, from: bytes) == names)
    }

    @Test func `a malformed name is not decoded`() {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([ShNodeName].self, from: Data(#"["Bad"]"#.utf8))
        }
    }
}

@Suite struct CommandIDTests {
    @Test func `one to 64 visible ASCII characters are an identity`() {
        #expect(CommandID("a")?.text == "a")
        #expect(CommandID("!~#/+{}")?.description == "!~#/+{}")
        #expect(CommandID(String(repeating: "x", count: 64)) != nil)
        for text in ["", "a b", "a\n", "é", "\u{7f}", String(repeating: "x", count: 65)] {
            #expect(CommandID(text) == nil, "\(text)")
        }
    }

    @Test func `a fresh identity has 32 hexadecimal digits and comes from the seed`() {
        var chance = SeededGenerator(seed: 1)
        var again = SeededGenerator(seed: 1)
        var seen: Set<CommandID> = []
        for _ in 0..<1_000 {
            let id = CommandID(using: &chance)
            #expect(id == CommandID(using: &again))
            #expect(id.text.utf8.count == 32)
            #expect(id.text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) })
            #expect(CommandID(id.text) == id)
            seen.insert(id)
        }
        #expect(seen.count == 1_000)
    }
}

@Suite struct SeededGeneratorTests {
    @Test func `it is SplitMix64`() {
        // Source: the reference output for seed 1234567.
        var chance = SeededGenerator(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        #expect(expected.map { _ in chance.next() } == expected)
    }

    @Test func `named parts under one seed differ and repeat`() {
        var pump = SeededGenerator(seed: 1, for: "pump")
        var again = SeededGenerator(seed: 1, for: "pump")
        var tank = SeededGenerator(seed: 1, for: "tank")
        let first = pump.next()
        #expect(first == again.next())
        #expect(first != tank.next())
    }
}

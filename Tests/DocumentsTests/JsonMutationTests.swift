import Documents
import Foundation
import Fuzzing
import TestMachine
import Testing
import Vocabulary

/// Damages documents byte by byte and compares the verdict with Foundation's strict parser.
@Suite struct JsonMutationTests {
    static let document = #"""
        // House 1
        {
          "gateway": "d1.demo.house1", "buses": [{"name": "rs485", "gap": "100ms"}],
          "nodes": [
            {"name": "pump", "line": "pinctrl/17", "safe": false, "title": "Pümpe \u00e9 \ud83d\ude00"},
            {"name": "tank", "scale": -0.0625, "big": 1e3, "none": null, "list": [[], {}, [1, 2,],],},
          ], // the end
        }

        """#

    @Test func `a document cut short at any byte is refused without a crash`() throws {
        let bytes = Array(Self.document.utf8)
        #expect(JsonParser.parse(bytes).problems == [])
        let end = try #require(bytes.lastIndex(of: UInt8(ascii: "}")))
        for length in 0...end {
            let (document, problems) = JsonParser.parse(Array(bytes[..<length]))
            #expect(document == nil && !problems.isEmpty, "cut at \(length)")
        }
    }

    @Test(.ownThread)
    func `damaged documents never crash it and it accepts none that is not JSON`() throws {
        let rounds = Mangler.rounds(10_000)
        let seed: UInt64 = 20_261_121
        var chance = SeededGenerator(seed: seed)
        let original = Array(Self.document.utf8)
        // Bytes that mean something to a parser are tried more often than others.
        let pieces: [[UInt8]] =
            "{}[]\",:/\\-+.eE0123456789 \n\t".utf8.map { [$0] }
            + ["//", "\\u", "\\ud800", "null", "1e", "00", "-0", "true", ",,", "\"\"", "\u{2028}"]
            .map {
                Array($0.utf8)
            }
        var accepted = 0
        for number in 0..<rounds {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &chance) {
                let at = Int.random(in: 0..<bytes.count, using: &chance)
                let piece =
                    Int.random(in: 0..<8, using: &chance) == 0
                    ? [UInt8.random(in: 0...255, using: &chance)]
                    : try #require(pieces.randomElement(using: &chance))
                switch Int.random(in: 0..<4, using: &chance) {
                case 0: bytes.remove(at: at)
                case 1: bytes.insert(contentsOf: piece, at: at)
                case 2: bytes.replaceSubrange(at...at, with: piece)
                default:
                    let end = min(bytes.count, at + Int.random(in: 1...20, using: &chance))
                    let copy = Array(bytes[at..<end])
                    bytes.insert(contentsOf: copy, at: Int.random(in: 0...at, using: &chance))
                }
            }
            let (document, problems) = JsonParser.parse(bytes)
            guard String(validating: bytes, as: UTF8.self) != nil else {
                #expect(document == nil, "seed \(seed), document \(number)")
                continue
            }
            let judged = try? JSONSerialization.jsonObject(
                with: Data(strictJson(bytes)), options: .fragmentsAllowed)
            if let document, problems.isEmpty {
                accepted += 1
                guard let judged else {
                    Issue.record("seed \(seed), document \(number): accepted \(text(bytes))")
                    return
                }
                #expect(
                    isSame(document, judged), "seed \(seed), document \(number): \(text(bytes))")
            } else if judged != nil, document == nil {
                // Refused although it is JSON: only numbers that 64 bits do not hold.
                #expect(
                    problems.contains { $0.message.contains("fits in 64 bits") },
                    "seed \(seed), document \(number): \(problems) \(text(bytes))")
            }
        }
        // Damage inside texts, comments and blanks leaves JSON behind.
        #expect((rounds / 10..<rounds * 9 / 10).contains(accepted), "\(accepted)")
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// The document without comments and trailing commas.
    private func strictJson(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var isText = false
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if isText {
                result.append(byte)
                if byte == UInt8(ascii: "\\"), index + 1 < bytes.count {
                    index += 1
                    result.append(bytes[index])
                } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n") {
                    isText = false
                }
            } else if bytes[index...].starts(with: "//".utf8) {
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
                continue
            } else {
                if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") {
                    let blanks = " \t\r\n".utf8
                    let last = result.lastIndex { !blanks.contains($0) }
                    if let last, result[last] == UInt8(ascii: ","),
                        let before = result[..<last].last(where: { !blanks.contains($0) }),
                        !"[{,:".utf8.contains(before)
                    {
                        result.remove(at: last)
                    }
                }
                if byte == UInt8(ascii: "\"") { isText = true }
                result.append(byte)
            }
            index += 1
        }
        return result
    }

    private func isSame(_ node: JsonNode, _ judged: Any) -> Bool {
        switch (node.value, judged) {
        case (.null, is NSNull): true
        case (.text(let text), let other as String): text == other
        case (.list(let list), let other as [Any]):
            list.count == other.count && zip(list, other).allSatisfy { isSame($0, $1) }
        case (.group(let members), let other as [String: Any]):
            members.count == other.count
                && members.allSatisfy { member in
                    other[member.name].map { isSame(member.node, $0) } ?? false
                }
        case (.flag(let flag), let other as NSNumber): flag == other.boolValue
        case (.number(let number), let other as NSNumber):
            abs(number.approximate - other.doubleValue) <= abs(other.doubleValue) * 1e-12
        default: false
        }
    }
}

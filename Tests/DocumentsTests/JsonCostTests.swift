import Documents
import Fuzzing
import TestMachine
import Testing
import Vocabulary

/// What it costs to read JSON that was made to cost much.
@Suite(.ownThread, .enabled(if: Allocations.areCounted)) struct `A JSON text that strangers made` {
    /// A hundred problems with their words and places, and what any text costs.
    private static let floor = 96 << 10
    private static let dialects: [JsonDialect] = [.handwritten, .strict, .python]

    /// Everything that a reader may do with a document.
    private static func read(_ bytes: [UInt8], _ dialect: JsonDialect) {
        let (document, problems) = JsonParser.parse(bytes, dialect)
        _ = problems.lines(about: "text")
        guard let document else { return }
        walk(document)
        _ = document["a"]?["b"]?.text
        _ = document["missing"]
        _ = document.bytes.count
    }

    private static func walk(_ node: JsonNode) {
        switch node.value {
        case .list(let nodes): for node in nodes { walk(node) }
        case .group(let members): for member in members { walk(member.node) }
        default: break
        }
    }

    @Test(arguments: [4_096, 1 << 16])
    func `takes memory in proportion to its length`(_ size: Int) {
        for dialect in Self.dialects {
            var cost = Cost(floor: Self.floor)
            for (name, bytes) in DearJson.texts(of: size) {
                cost.count(name, bytes) { Self.read($0, dialect) }
            }
            cost.report("JSON of \(size)")
            #expect(cost.isInProportion, "\(cost)")
        }
    }

    @Test func `takes memory in proportion to its length however it is mangled`() {
        let samples =
            DearJson.texts(of: 200).map(\.bytes) + [Array(JsonMutationTests.document.utf8)]
        var mangler = Mangler(seed: 20_261_130, limit: 4_096)
        for dialect in Self.dialects {
            var cost = Cost(floor: Self.floor)
            for round in 0..<Mangler.rounds(800) / 3 {
                let text = mangler.mangled(samples[round % samples.count])
                cost.count("round \(round)", text) { Self.read($0, dialect) }
            }
            cost.report("JSON mangled")
            #expect(cost.isInProportion, "\(cost)")
        }
    }

    @Test func `is shown in one line in proportion to the line`() {
        var cost = Cost(floor: 4_096)
        for (name, bytes) in DearJson.texts(of: 1 << 16) {
            guard let document = JsonParser.parse(bytes).document else { continue }
            let line = Array(document.value.compact.utf8)
            cost.count(name, line) { _ in _ = document.value.compact }
        }
        #expect(cost.isInProportion, "\(cost)")
    }

    @Test
    func `that is nothing but mistakes reports a hundred of them and how many more there are`() {
        let members = String(repeating: "\"a\": 1, ", count: 100_001)
        let (document, problems) = JsonParser.parse(Array("{\(members)}".utf8))
        #expect(document?.group?.count == 1)
        #expect(problems.count == ProblemList.most)
        #expect(problems.total == 100_000)
        #expect(
            problems.lines(about: "x.json").last
                == "x.json: 100000 problems, of which 100 are shown")
    }

    @Test func `has no part in a path or message that a terminal obeys`() {
        let (_, problems) = JsonParser.parse(Array("{\"\u{9b}2J\\u001b\u{202e}\": [nul]}".utf8))
        #expect(problems.map(\.place.path) == [#"\u{9b}2J\u{1b}\u{202e}[0]"#])
        let name = String(repeating: "b", count: 100_000)
        let (_, more) = JsonParser.parse(Array("{\"\(name)\": [1 2], ".utf8))
        #expect(more.allSatisfy { $0.description.utf8.count < 300 })
    }
}

import Drivers
import Fuzzing
import Layouts
import TestMachine
import Testing
import Vocabulary

/// What it costs to check a file that was made to cost much, or is nothing but mistakes.
@Suite(.ownThread, .enabled(if: Allocations.areCounted))
struct `A layout that is nothing but mistakes` {
    @Test func `takes memory in proportion to its length, and tells a hundred of them`() {
        func layout(_ list: String, _ piece: String) -> [UInt8] {
            let pieces = String(repeating: piece + ",", count: 60_000 / (piece.utf8.count + 1))
            return Array(#"{"gateway": "d1.a", "\#(list)": [\#(pieces)]}"#.utf8)
        }
        let texts =
            DearJson.texts(of: 1 << 16) + [
                ("nodes", layout("nodes", "{}")), ("numbers for nodes", layout("nodes", "1")),
                ("nodes of one name", layout("nodes", #"{"name":"a","kind":"sensor"}"#)),
                ("buses", layout("buses", "{}")), ("upstreams", layout("upstreams", "{}")),
                ("components", layout("components", "{}")),
                ("interlocks", layout("interlocks", "{}")),
                ("secrets", layout("nodes", #"{"password":"x"}"#)),
                ("controls", layout("nodes", #""\u0001""#)),
                ("keys that nobody knows", layout("nodes", #"{"nmae":1}"#)),
            ]
        // A hundred mistakes in words, and what the checks of a small layout need.
        var cost = Cost(floor: 128 << 10)
        _ = LayoutReader.read(texts[0].bytes, registry: .standard)
        for (name, bytes) in texts {
            cost.count(name, bytes) { bytes in
                let (layout, problems) = LayoutReader.read(bytes, registry: .standard)
                _ = problems.lines(about: "layout")
                #expect(layout == nil && (1...100).contains(problems.count))
            }
        }
        cost.report("layouts")
        #expect(cost.isInProportion, "\(cost)")
    }

    @Test func `never repeats a secret, however many there are`() {
        let pieces = String(repeating: #"{"password":"hunter2","name":7},"#, count: 500)
        let (_, problems) = LayoutReader.read(
            Array(#"{"gateway": "d1.a", "nodes": [\#(pieces)]}"#.utf8), registry: .standard)
        #expect(problems.total >= 500)
        #expect(!problems.contains { "\($0)".contains("hunter2") })
    }
}

import Documents
import Drivers
import Fuzzing
import Layouts
import StandardCodecs
import TestMachine
import Testing
import Vocabulary

/// What it costs to check a file that was made to cost much, or is nothing but mistakes.
@Suite(.ownThread, .enabled(if: Allocations.areCounted))
struct `A layout that is nothing but mistakes` {
    @Test func `takes memory in proportion to its length, and reports a hundred of them`() {
        func layout(_ list: String, _ piece: String) -> [UInt8] {
            // No more than a layout may have, or no further mistake is looked for.
            let most = list == "upstreams" ? 100 : 4_000
            let pieces = String(
                repeating: piece + ",", count: min(most, 60_000 / (piece.utf8.count + 1)))
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
        _ = LayoutReader.read(texts[0].bytes, registry: .standard, codecs: .standard)
        for (name, bytes) in texts {
            cost.count(name, bytes) { bytes in
                let (layout, problems) = LayoutReader.read(
                    bytes, registry: .standard, codecs: .standard)
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
            Array(#"{"gateway": "d1.a", "nodes": [\#(pieces)]}"#.utf8), registry: .standard,
            codecs: .standard)
        #expect(problems.total >= 500)
        #expect(!problems.contains { "\($0)".contains("hunter2") })
    }
}

/// Layouts of a few thousand parts that all hang together. Work that grows with the square of them,
/// or worse, takes minutes.
@Suite(.ownThread, .timeLimit(.minutes(10))) struct `A layout of many parts` {
    private static let count = 3000

    /// - Parameter more: What else the node of that number has.
    private func relays(_ more: (Int) -> String) -> String {
        (0..<Self.count).map { number in
            """
            {"name":"n\(number)","kind":"relay","safeState":"off"\(more(number)),
             "component":{"driver":"gpio-relay","line":"x/\(number)"}}
            """
        }.joined(separator: ",")
    }

    private func problems(nodes: String, interlocks: [String] = []) -> ProblemList {
        let rules = interlocks.joined(separator: ",")
        let text = #"{"gateway": "d1.a", "nodes": [\#(nodes)], "interlocks": [\#(rules)]}"#
        return LayoutReader.read(
            Array(text.utf8), registry: .standard, codecs: .standard
        ).problems
    }

    @Test func `is read where each is the parent of the next`() {
        let last = Self.count - 1
        #expect(
            problems(nodes: relays { $0 == last ? "" : #","parent":"n\#($0 + 1)""# }).isEmpty)
        let circle = problems(
            nodes: relays { #","parent":"n\#($0 == last ? 1500 : $0 + 1)""# })
        #expect(circle.total == 1)
        #expect(circle.first?.place.path == "nodes[1500].parent")
    }

    @Test func `is read where each relay may be on only while the next one is`() {
        let chain = (1..<Self.count).map { #"{"relay":"n\#($0 - 1)","onlyWhile":"n\#($0)"}"# }
        let nodes = relays { _ in "" }
        #expect(problems(nodes: nodes, interlocks: chain).isEmpty)
        let group = #"{"atMostOne":["n2","n3"]}"#
        // The first three need both.
        #expect(problems(nodes: nodes, interlocks: chain + [group]).total == 3)
    }

    @Test func `is read where each names something that is not there`() {
        let mistaken = relays { #","feedback":{"channel":"zz\#($0)"}"# }
        #expect(problems(nodes: mistaken).total == Self.count)
        #expect(problems(nodes: relays { #","parent":"n-\#($0)""# }).total == Self.count)
    }
}

/// What a layout costs whose parts are as many as they may be.
@Suite(.ownThread, .timeLimit(.minutes(10))) struct `A layout as large as it may be` {
    /// A layout of so many parts, made so that a check of each against all others would show.
    enum Kind: CaseIterable {
        case names, lines, interlocks, buses, registers

        func text(_ count: Int) -> [UInt8] {
            func list(_ count: Int, _ piece: (Int) -> String) -> String {
                "[" + (0..<count).map(piece).joined(separator: ",\n") + "]"
            }
            func relays(_ line: @escaping (Int) -> String) -> (Int) -> String {
                { number in
                    """
                    {"name":"n\(number)","kind":"relay","safeState":"off",
                     "component":{"driver":"gpio-relay","line":"\(line(number))"}}
                    """
                }
            }
            let lists: [(name: String, text: String)]
            switch self {
            case .names:
                // Each name twice, far from each other.
                let relay = relays { "x/\($0)" }
                lists = [("nodes", list(count) { relay($0 % (count / 2)) })]
            case .lines: lists = [("nodes", list(count, relays { "chip\($0)/pump" }))]
            case .interlocks:
                lists = [
                    ("nodes", list(count, relays { "x/\($0)" })),
                    (
                        "interlocks",
                        list(count - 2) { number in
                            let half = count / 2
                            return number < half
                                ? #"{"relay":"n\#(number)","onlyWhile":"n\#(number + 1)"}"#
                                : #"{"atMostOne":["n\#(half)","n\#(number + 1)"]}"#
                        }
                    ),
                ]
            case .buses:
                lists = [
                    ("buses", list(count) { #"{"name":"b\#($0)","host":"h\#($0)"}"# }),
                    (
                        "nodes",
                        list(count) { number in
                            """
                            {"name":"n\(number)","kind":"sensor","component":
                             {"driver":"modbus-meter","bus":"b\(number)","unit":1,"registers":
                              [{"name":"x","address":1,"type":"uint16","unit":"watt"}]}}
                            """
                        }
                    ),
                ]
            case .registers:
                let registers = list(count) { number in
                    #"{"name":"r\#(number)","address":\#(number),"type":"uint16","unit":"watt"}"#
                }
                lists = [
                    ("buses", #"[{"name":"b","host":"h"}]"#),
                    (
                        "nodes",
                        """
                        [{"name":"n","kind":"sensor","component":
                          {"driver":"modbus-meter","bus":"b","unit":1,"registers":\(registers)},
                          "channels":\(list(count) { #"{"source":"r\#($0)"}"# })}]
                        """
                    ),
                ]
            }
            let members = lists.map { #","\#($0.name)":\#($0.text)"# }.joined()
            return Array(#"{"gateway":"d1.a"\#(members)}"#.utf8)
        }
    }

    @Test(arguments: Kind.allCases) func `takes time in proportion to its length`(_ kind: Kind) {
        let factor = Growth.factor(from: kind.text(500), to: kind.text(4_000), below: 20) {
            bytes in
            let (layout, problems) = LayoutReader.read(
                bytes, registry: .standard, codecs: .standard)
            // The first half of the names is good, and so is all else.
            #expect((layout == nil) == (kind == .names), "\(Array(problems.prefix(2)))")
        }
        #expect(factor < 20, "eight times the layout takes \(factor) times as long")
    }

    @Test func `is refused when it has more nodes than a gateway can run, and no more is said`() {
        func problems(_ list: String, _ count: Int) -> [String] {
            let pieces = Array(repeating: "{}", count: count).joined(separator: ",")
            let others = list == "nodes" ? "" : #""nodes": [1], "#
            let text = #"{"gateway": "d1.a", \#(others)"\#(list)": [\#(pieces)]}"#
            return LayoutReader.read(
                Array(text.utf8), registry: .standard, codecs: .standard
            ).problems.map(\.description)
        }
        #expect(problems("nodes", 4_000).count == 100)
        #expect(
            problems("nodes", 4_001) == ["nodes (line 1): has 4001 nodes; the most is 4000"])
        for list in ["buses", "components", "interlocks"] {
            #expect(
                problems(list, 4_001) == ["\(list) (line 1): has 4001 \(list); the most is 4000"])
        }
        #expect(
            problems("upstreams", 101)
                == ["upstreams (line 1): has 101 upstreams; the most is 100"])
    }
}

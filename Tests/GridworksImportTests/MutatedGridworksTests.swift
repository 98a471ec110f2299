import Drivers
import Fuzzing
import Gridworks
import Layouts
import StandardCodecs
import TestMachine
import Testing
import Vocabulary

/// GridWorks layouts as a bad disk or a malicious neighbour would leave them.
@Suite(.ownThread) struct `A mutated GridWorks layout` {
    private static let words = [
        "null", "true", "-1", "0", "33", "1e30", "9223372036854775807", "-9223372036854775808",
        "\"\"", "\"x\"", "\"s\"", "[]", "{}", "[1, 2]", "\"relay1\"", "\"PowerW\"", "\"Relay\"",
        "\"PowerMeter\"", "\"MultipurposeSensor\"", "\"f32\"", "\"t16\"", "127", "256", "0.5",
    ].map { Array($0.utf8) }

    @Test(arguments: [Sample.text, BoardImportTests.text, MadeHouse.spruce.listed])
    func `is imported or refused, and what is imported can be read`(_ text: String) {
        let good = Array(text.utf8)
        let seed: UInt64 = 20_261_121
        print("seed \(seed)")
        let rounds = Mangler.rounds(100)
        let tunings = GridworksTunings.read(Array(MadeHouse.spruce.params.utf8)).tunings
        var chance = SeededGenerator(seed: seed)
        var imported = 0
        for round in 0..<rounds {
            var text = good
            for _ in 0..<Int.random(in: 1...3, using: &chance) { mutate(&text, &chance) }
            let (layout, problems) = GridworksLayout.read(text, tunings: tunings)
            #expect((layout == nil) != problems.isEmpty, "round \(round)")
            guard let layout else { continue }
            imported += 1
            let made = LayoutImport(layout, hasUpstream: true)
            let (document, mistakes) = JsonDocument.parse(made.text)
            #expect(document != nil && mistakes == [], "round \(round)")
            // What the layout's own checks say does not matter here; that they end does.
            _ = LayoutReader.read(Array(made.text.utf8), registry: .standard, codecs: .standard)
        }
        #expect((rounds / 20..<rounds * 19 / 20).contains(imported))
    }

    private func mutate(_ text: inout [UInt8], _ chance: inout SeededGenerator) {
        let at = Int.random(in: 0..<text.count, using: &chance)
        switch Int.random(in: 0..<6, using: &chance) {
        case 0: text[at] = UInt8.random(in: 32..<127, using: &chance)
        case 1: text.remove(at: at)
        case 2:
            let length = Int.random(in: 0..<min(300, text.count - at), using: &chance)
            text.insert(contentsOf: text[at..<at + length], at: at)
        default:
            // Another value in the place of the first one after `at`.
            guard let colon = text[at...].firstIndex(of: UInt8(ascii: ":")),
                let end = text[colon...].firstIndex(where: { ",}]".utf8.contains($0) })
            else { return }
            text.replaceSubrange(
                colon + 1..<end, with: Self.words.randomElement(using: &chance) ?? [])
        }
    }

    @Test func `has operational parameters that are read or refused`() {
        let good = Array(MadeHouse.beech.params.utf8)
        var chance = SeededGenerator(seed: 20_261_201)
        var read = 0
        let rounds = Mangler.rounds(100)
        for round in 0..<rounds {
            var text = good
            for _ in 0..<Int.random(in: 1...3, using: &chance) { mutate(&text, &chance) }
            let (tunings, problems) = GridworksTunings.read(text)
            #expect((tunings == nil) != problems.isEmpty, "round \(round)")
            if tunings != nil { read += 1 }
        }
        #expect((1..<rounds).contains(read))
    }
}

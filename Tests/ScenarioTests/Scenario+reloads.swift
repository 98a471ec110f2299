import Layouts
import Nodes
import Vocabulary

@testable import Proactors

// Layouts that change while the gateway runs.
extension Scenario {
    func reload() async {
        var new = house
        switch roll(0...9) {
        case 0..<3: new.hasSpare.toggle()
        case 3..<6: new.lampLine = 11 - new.lampLine
        case 6: (new.lampLine, new.hasSpare) = (11 - new.lampLine, !new.hasSpare)
        case 7: new.title += "!"
        default: new.mistake = House.Mistake.allCases[roll(0...(House.Mistake.allCases.count - 1))]
        }
        guard let old = house.layout else { return }
        let before = life.proactor.nodes
        guard let layout = new.layout else {
            fault("broken layout")
            await life.proactor.refuseReload("it has problems")
            let after = life.proactor.nodes
            return expect(
                .reload,
                after.count == before.count && after.allSatisfy { before[$0.key] === $0.value },
                "a broken layout changes nodes")
        }
        expect(.reload, new.mistake == nil, "a layout with a mistake is taken: \(new)")
        fault("reload")
        let diff = LayoutDiff(from: old, to: layout)
        note(diff.summary)
        let opened = life.devices.mapValues(\.opened)
        let replacement = life.replacement(from: old, to: layout)
        let touched = diff.touched.intersection(House.relays)
        for name in touched { noteHoldOrder(name) }
        // What comes through late is the new node's to carry out.
        let idle = touched.filter { !isAsked($0) }
        await life.drive(
            until: Task { [proactor = life.proactor] in await proactor.replace(replacement) })
        house = new
        ledger.forgetCounts(of: Array(touched))
        let after = life.proactor.nodes
        expect(
            .reload, Set(after.keys) == Set(layout.nodes.map(\.name)),
            "after the reload there are \(after.keys.sorted())")
        for (name, node) in after where !diff.touched.contains(name) {
            expect(.reload, before[name] === node, "\(name) is unchanged and another node")
            guard name != "frail", !mayBeElsewhere(name) else { continue }
            expect(
                .reload, life.devices[name]?.opened == opened[name],
                "\(name) is unchanged and was opened again")
        }
        for name in touched {
            expect(.reload, before[name] !== after[name], "\(name) is changed and the same node")
            guard idle.contains(name), !mayBeElsewhere(name) else { continue }
            expect(.start, ledger.contact(name).level == 0, "\(name) is on after its reload")
        }
    }
}

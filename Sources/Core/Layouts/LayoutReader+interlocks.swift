import Documents
import DriverKit
import Vocabulary

extension LayoutReader {
    /// - Returns: The interlocks that are well formed, in layout order.
    mutating func readInterlocks(_ drafts: [NodeDraft]) -> [Interlock] {
        guard document.says("interlocks") else { return [] }
        let relays = Dictionary(
            drafts.indices.compactMap { index in drafts[index].name.map { ($0, index) } }
        ) { first, _ in first }
        var found: [(rule: Interlock, place: Place)] = []
        for section in document.sections("interlocks", .interlock) {
            guard let rule = readInterlock(section) else { continue }
            let areThere = rule.relays.allSatisfy {
                check($0, relays[$0].map { drafts[$0] }, at: section.place)
            }
            if areThere { found.append((rule, section.place)) }
        }
        let safe = relays.compactMapValues { drafts[$0].component?.safeState }
        checkContradictions(found, safe)
        return found.map(\.rule)
    }

    private mutating func readInterlock(_ section: Section) -> Interlock? {
        let isGroup = section.says("atMostOne")
        let isPair = section.says("relay") || section.says("onlyWhile")
        guard isGroup != isPair else {
            report(
                section.place,
                "must have either atMostOne, a list of relays, or relay and onlyWhile")
            return nil
        }
        if isGroup {
            guard let list = section["atMostOne"]?.list else { return nil }
            let names = list.compactMap { name(in: $0) }
            guard names.count == list.count else { return nil }
            guard Set(names).count == names.count, names.count >= 2 else {
                report(section.place(of: "atMostOne"), "must name at least two relays, each once")
                return nil
            }
            return .atMostOne(names, deadTime: section.duration("deadTime") ?? .zero)
        }
        if section.says("deadTime") {
            report(section.place(of: "deadTime"), "belongs to atMostOne only")
        }
        guard section.says("relay"), section.says("onlyWhile") else {
            report(section.place, "relay and onlyWhile go together")
            return nil
        }
        guard let relay = section.name("relay", ShNodeTag.self),
            let needed = section.name("onlyWhile", ShNodeTag.self)
        else { return nil }
        return .onlyWhile(relay, needs: needed)
    }

    private mutating func name(in node: JsonNode) -> ShNodeName? {
        let name = node.text.flatMap(ShNodeName.init)
        if name == nil, node.text != nil {
            problems += KeyForm.text(.name(ShNodeTag.self)).problems(in: node)
        }
        return name
    }

    private mutating func check(_ name: ShNodeName, _ draft: NodeDraft?, at place: Place) -> Bool {
        guard let draft else {
            let words = nodeNames.missing(name.text, problems).message
            report(place, words)
            return false
        }
        guard let kind: NodeKind = draft.section.word("kind"), kind != .relay else { return true }
        report(place, "node \(name) is a \(kind.rawValue); only relays are interlocked")
        return false
    }

    /// Reports rules that together leave a relay no state that it may be in.
    private mutating func checkContradictions(
        _ found: [(rule: Interlock, place: Place)], _ safe: [ShNodeName: SafeState]
    ) {
        let needs = RelayNeeds(found.map(\.rule))
        for (rule, place) in found {
            switch rule {
            case .onlyWhile(let relay, let needed):
                if needs.circling.contains(relay), needs.circling.contains(needed),
                    problems.hasRoom, let circle = needs.way(from: needed, to: relay)
                {
                    let words = ([relay] + circle).map(\.text).joined(separator: " only while ")
                    report(place, "is a cycle, so none of them can go on: \(words)")
                } else if safe[relay] == .on, safe[needed] != .on {
                    report(
                        place,
                        "\(relay) has safeState on, so \(needed) must have it too, not "
                            + "\(safe[needed]?.rawValue ?? "none")")
                }
            case .atMostOne(let members, _):
                let on = members.filter { safe[$0] == .on }
                if on.count > 1 {
                    report(
                        place,
                        "\(on.map(\.text).joined(separator: " and ")) have safeState on; "
                            + "at most one of them may be")
                }
                checkGroup(members, needs, at: place)
            }
        }
    }

    private mutating func checkGroup(
        _ members: [ShNodeName], _ needs: RelayNeeds, at place: Place
    ) {
        let relays = needs.relays(needingTwoOf: members)
        for (index, relay) in relays.enumerated() {
            guard problems.hasRoom else { return problems.leaveOut(relays.count - index) }
            let all = needs.all(neededBy: relay)
            let together = members.filter(all.contains)
            report(
                place,
                "\(relay) can never go on: it needs "
                    + "\(together.map(\.text).joined(separator: " and ")) on at once")
        }
    }
}

import Documents
import DriverKit
import Vocabulary

/// A node of the document, as far as it could be read.
struct NodeDraft {
    let section: Section
    /// Nil when it has none of its own.
    let name: ShNodeName?
    let parent: ShNodeName?
    /// The driver of `component`.
    let driver: ComponentDraft.KnownDriver?
    /// Where the component stands, which may be apart from its node.
    let componentNode: JsonNode?
    /// Nil when the driver is not known.
    let component: Component?
    /// Nil when any part of the node is missing or malformed.
    let layout: NodeLayout?
}

extension LayoutReader {
    /// - Returns: One draft for each node, in layout order.
    mutating func readNodes() -> [NodeDraft] {
        if let list = document.node["nodes"]?.list, list.isEmpty {
            report(document.place(of: "nodes"), "a gateway needs at least one node")
        }
        let sections = document.sections("nodes", .node)
        let names = sections.map { nodeName($0) }
        return zip(sections, names).map { readNode($0, named: $1) }
    }

    /// The node's name; nil when it has none of its own.
    private mutating func nodeName(_ section: Section) -> ShNodeName? {
        guard let name = section.name("name", ShNodeTag.self) else { return nil }
        if name == .gateway {
            report(
                section.place(of: "name"),
                "gateway is the name of the gateway itself; choose another name")
        }
        guard let taken = nodeNames.take(name.text, at: section.place) else { return name }
        report(section.place(of: "name"), "\(taken)")
        return nil
    }

    private mutating func readNode(_ section: Section, named name: ShNodeName?) -> NodeDraft {
        let kind: NodeKind? = section.word("kind")
        let parent = section.name("parent", ShNodeTag.self)
        let safeState: SafeState? = section.word("safeState")
        let draft = component(of: section, named: name)
        if let kind { checkSafeState(section, kind) }
        let rules = readRules(section, kind)

        var component: Component?
        if let draft, let driver = draft.driver {
            if let kind { check(kind, suits: driver.type, section) }
            let named = draft.node["name"]?.text.flatMap(ComponentName.init)
            let channels = readChannels(section, node: name, driver)
            component = Component(
                name: named ?? name.flatMap { ComponentName($0.text) }
                    ?? ComponentName(known: "unnamed"),
                model: driver.type.model, settings: driver.settings, channels: channels,
                safeState: kind == .relay ? safeState : nil, isSimulated: draft.isSimulated)
        }

        var layout: NodeLayout?
        if let name, let kind, let component {
            layout = NodeLayout(
                name: name, kind: kind, title: section.text("title") ?? name.text, parent: parent,
                component: component, rules: rules)
        }
        return NodeDraft(
            section: section, name: name, parent: parent, driver: draft?.driver,
            componentNode: draft?.node, component: component, layout: layout)
    }

    private mutating func checkSafeState(_ section: Section, _ kind: NodeKind) {
        let says = section.says("safeState")
        if kind == .relay, !says {
            report(
                section.place,
                "safeState is missing: the state without a controller or after a fault: "
                    + "off, on or hold")
        }
        if kind != .relay, says {
            report(
                section.place(of: "safeState"),
                "only a relay has a safe state; this is a \(kind.rawValue)")
        }
    }

    private mutating func check(
        _ kind: NodeKind, suits driver: any Driver.Type, _ section: Section
    ) {
        let kinds = driver.description.kinds
        guard !kinds.contains(kind) else { return }
        let possible = kinds.map(\.rawValue).joined(separator: " or a ")
        report(
            section.place(of: "kind"),
            "driver \(driver.model) makes a \(possible), not a \(kind.rawValue)")
    }

    /// Reports parents that are not there, and circles.
    mutating func checkParents(of nodes: [NodeDraft]) {
        var parents: [ShNodeName: ShNodeName] = [:]
        for node in nodes {
            guard let parent = node.parent else { continue }
            guard nodeNames.places[parent.text] != nil else {
                let words = nodeNames.missing(parent.text, problems).message
                report(node.section.place(of: "parent"), words)
                continue
            }
            if let name = node.name { parents[name] = parent }
        }
        // Of all circles and of what leads to one, each node is gone through once.
        var seen: Set<ShNodeName> = []
        var circles: Set<ShNodeName> = []
        for name in nodes.compactMap(\.name) where !seen.contains(name) {
            var path: [ShNodeName] = []
            var next: ShNodeName? = name
            while let name = next, seen.insert(name).inserted {
                path.append(name)
                next = parents[name]
            }
            if let start = next.flatMap(path.lastIndex(of:)) { circles.formUnion(path[start...]) }
        }
        for node in nodes {
            // It is reported at the first node that is part of it.
            guard let name = node.name, circles.contains(name) else { continue }
            var circle = [name]
            while let parent = parents[circle[circle.count - 1]], parent != name {
                circle.append(parent)
            }
            circles.subtract(circle)
            let words = (circle + [name]).map(\.text).joined(separator: " under ")
            report(node.section.place(of: "parent"), "is a cycle: \(words)")
        }
    }

    /// Reports components and buses that nothing uses.
    mutating func checkUse() {
        for (name, draft) in components where draft.user == nil && !draft.isMeant {
            report(draft.place, "no node uses component \(name); add a node for it or remove it")
        }
        for (name, draft) in buses where !draft.isUsed {
            report(draft.place, "no component uses bus \(name); remove it")
        }
    }
}

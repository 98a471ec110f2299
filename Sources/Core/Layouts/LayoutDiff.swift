import DriverKit
import Vocabulary

/// What changes between two layouts, and so what a reload touches. Places, blanks, comments and the order
/// of members make no difference.
public struct LayoutDiff: Hashable, Sendable {
    /// One node that is in both layouts and not the same.
    public struct Change: Hashable, Sendable {
        public let name: ShNodeName
        /// What is different, in the layout's words: `"component.line"`, `"channels.tank-top.pollPeriod"`,
        /// `"bus meters"`.
        public let what: [String]
    }

    /// One upstream, bus or setting that is not the same, and how.
    public struct Other: Hashable, Sendable {
        /// `"upstream house"`, `"settings.logLevel"`, `"gateway"`.
        public let what: String
        public let how: How

        /// What became of it.
        public enum How: String, Hashable, Sendable { case added, removed, changed }
    }

    /// In the order of the new layout.
    public let added: [ShNodeName]
    /// In the order of the old layout.
    public let removed: [ShNodeName]
    /// In the order of the new layout. They are stopped and started.
    public let changed: [Change]
    /// In the order of the new layout: nodes with another title or parent only. Nothing is stopped.
    public let relabelled: [ShNodeName]
    /// Nodes that stay and stand at another place among those that stay.
    public let isReordered: Bool
    /// What a running gateway applies at its next start only.
    public let atNextStart: [Other]
    /// Whether relays may do other things together than before. Their nodes go on; it counts at once.
    public let hasOtherInterlocks: Bool
    /// Buses that are not the same; their nodes are among those that are touched.
    public let buses: [Other]
    /// Relays that the reload drives or releases, in the order of the new layout.
    public let moves: [RelayMove]
    /// Relays that the reload leaves as they are.
    public let staying: [ShNodeName]

    /// Whether the two layouts say the same.
    public var isEmpty: Bool {
        touched.isEmpty && relabelled.isEmpty && !isReordered && !hasOtherInterlocks && rest.isEmpty
    }

    /// The nodes that a reload stops, starts, or both.
    public var touched: Set<ShNodeName> { Set(added + removed + changed.map(\.name)) }

    private var rest: [Other] { buses + atNextStart }

    public init(from old: HardwareLayout, to new: HardwareLayout) {
        let before = Dictionary(uniqueKeysWithValues: old.nodes.map { ($0.name, $0) })
        let after = Dictionary(uniqueKeysWithValues: new.nodes.map { ($0.name, $0) })
        buses = Self.others(
            "bus ", old.buses.map { ($0.name.text, $0) }, new.buses.map { ($0.name.text, $0) })
        let changedBuses = Set(buses.map { String($0.what.dropFirst("bus ".count)) })
        added = new.nodes.map(\.name).filter { before[$0] == nil }
        removed = old.nodes.map(\.name).filter { after[$0] == nil }
        var changed: [Change] = []
        var relabelled: [ShNodeName] = []
        for node in new.nodes {
            guard let was = before[node.name] else { continue }
            let what = Self.differences(was, node, changedBuses)
            if !what.isEmpty {
                changed.append(Change(name: node.name, what: what))
            } else if was.title != node.title || was.parent != node.parent {
                relabelled.append(node.name)
            }
        }
        (self.changed, self.relabelled) = (changed, relabelled)
        isReordered =
            old.nodes.map(\.name).filter { after[$0] != nil }
            != new.nodes.map(\.name).filter { before[$0] != nil }
        hasOtherInterlocks = Set(old.interlocks) != Set(new.interlocks)
        var atNextStart: [Other] = []
        if old.gateway != new.gateway { atNextStart.append(Other(what: "gateway", how: .changed)) }
        atNextStart += Self.others(
            "upstream ", old.upstreams.map { ($0.name.text, $0) },
            new.upstreams.map { ($0.name.text, $0) })
        if old.journal != new.journal { atNextStart.append(Other(what: "journal", how: .changed)) }
        if old.peers != new.peers { atNextStart.append(Other(what: "peers", how: .changed)) }
        if old.web != new.web { atNextStart.append(Other(what: "web", how: .changed)) }
        atNextStart += Self.others("settings.", old.settings.said, new.settings.said)
        self.atNextStart = atNextStart
        let touched = Set(added + removed + changed.map(\.name))
        (moves, staying) = Self.relays(old, new, touched: touched)
    }

    /// One line for each thing that is different, and what the relays do then.
    public var lines: [String] {
        added.map { "node \($0): added" } + removed.map { "node \($0): removed" }
            + changed.map { "node \($0.name): changed, \($0.what.joined(separator: ", "))" }
            + relabelled.map { "node \($0): title or parent changed; keeps running" }
            + (isReordered ? ["nodes: order changed; they keep running"] : [])
            + relayLines
            + (hasOtherInterlocks ? ["interlocks: changed; in force at once"] : [])
            + buses.map { "\($0.what): \($0.how.rawValue)" }
            + atNextStart.map { "\($0.what): \($0.how.rawValue); takes effect at the next start" }
    }

    private var relayLines: [String] {
        guard !touched.isEmpty else { return [] }
        let rest = staying.map(\.text).joined(separator: ", ")
        let stays =
            switch staying.count {
            case 0: [String]()
            case 1: ["relay \(rest): stays as it is"]
            default: ["relays \(rest): stay as they are"]
            }
        return moves.map { "relay \($0.name): \($0.words)" } + stays
    }

    /// All of it in one line: `"added tank-2; changed pump; untouched 12"`.
    public var summary: String {
        func list(_ verb: String, _ names: [ShNodeName]) -> [String] {
            names.isEmpty ? [] : ["\(verb) \(names.map(\.text).joined(separator: " "))"]
        }
        let parts =
            list("added", added) + list("removed", removed) + list("changed", changed.map(\.name))
            + list("relabelled", relabelled) + (isReordered ? ["node order changed"] : [])
            + (hasOtherInterlocks ? ["interlocks changed"] : [])
            + atNextStart.map { "\($0.what) takes effect at the next start" }
        return parts.isEmpty ? "nothing changed" : parts.joined(separator: "; ")
    }

    private static func others<Value: Hashable>(
        _ noun: String, _ old: [(name: String, value: Value)],
        _ new: [(name: String, value: Value)]
    ) -> [Other] {
        let before = Dictionary(uniqueKeysWithValues: old.map { ($0.name, $0.value) })
        let after = Dictionary(uniqueKeysWithValues: new.map { ($0.name, $0.value) })
        let gone = old.filter { after[$0.name] == nil }
            .map { Other(what: noun + $0.name, how: .removed) }
        return gone
            + new.compactMap { name, value in
                guard let was = before[name] else { return Other(what: noun + name, how: .added) }
                return was == value ? nil : Other(what: noun + name, how: .changed)
            }
    }
}

// MARK: - Nodes

extension LayoutDiff {
    /// What is different about a node's work; its labels are no part of that.
    private static func differences(
        _ old: NodeLayout, _ new: NodeLayout, _ changedBuses: Set<String>
    ) -> [String] {
        var what: [String] = []
        if old.kind != new.kind { what.append("kind") }
        let (was, now) = (old.component, new.component)
        if was.safeState != now.safeState { what.append("safeState") }
        if was.isSimulated != now.isSimulated { what.append("component.simulated") }
        if was.model != now.model {
            what.append("component.driver")
        } else {
            what += now.settings.differences(from: was.settings).map { "component.\($0)" }
        }
        what += changedBuses.filter(now.settings.mention).sorted().map { "bus \($0)" }
        what += old.rules.differences(from: new.rules)
        return what + differences(was.channels, now.channels)
    }

    private static func differences(_ old: [DataChannel], _ new: [DataChannel]) -> [String] {
        let before = Dictionary(uniqueKeysWithValues: old.map { ($0.name, $0) })
        let after = Set(new.map(\.name))
        var what = old.filter { !after.contains($0.name) }.map { "channels.\($0.name) removed" }
        for channel in new {
            guard let was = before[channel.name] else {
                what.append("channels.\(channel.name) added")
                continue
            }
            what += was.differences(from: channel).map { "channels.\(channel.name).\($0)" }
        }
        if what.isEmpty, old.map(\.name) != new.map(\.name) { what.append("order of channels") }
        return what
    }
}

extension GuardRules {
    /// What is different, in the layout's words.
    fileprivate func differences(from other: GuardRules) -> [String] {
        var what: [String] = []
        if limits != other.limits { what.append("limits") }
        if controller != other.controller { what.append("controller") }
        if failsafeAfter != other.failsafeAfter { what.append("failsafeAfter") }
        if feedback != other.feedback { what.append("feedback") }
        return what
    }
}

extension DataChannel {
    /// What is different, in the layout's words.
    fileprivate func differences(from other: DataChannel) -> [String] {
        guard self != other else { return [] }
        var what: [String] = []
        if source != other.source { what.append("source") }
        if unit != other.unit { what.append("unit") }
        if exponent != other.exponent { what.append("exponent") }
        if pollPeriod != other.pollPeriod { what.append("pollPeriod") }
        if capture.period != other.capture.period { what.append("capturePeriod") }
        if capture.delta != other.capture.delta { what.append("captureDelta") }
        if capture.summary != other.capture.summary { what.append("captureSummary") }
        if plausibility != other.plausibility { what.append("plausibility") }
        return what.isEmpty ? ["meaning"] : what
    }
}

extension RunSettings {
    /// What the layout says, by name; only what it says.
    fileprivate var said: [(name: String, value: String)] {
        let all: [(String, String?)] = [
            ("logLevel", logLevel), ("logFormat", logFormat), ("stateDirectory", stateDirectory),
            ("seed", seed.map { "\($0)" }), ("simulate", simulate.map { "\($0)" }),
            ("watchdogDevice", watchdogDevice),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}

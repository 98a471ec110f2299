import Vocabulary

extension LiveTable {
    /// How much a line asks to be looked at.
    enum Tone: Sendable { case plain, stale, bad }

    /// One line of the table before it is laid out.
    struct Entry: Hashable, Sendable {
        let gateway: String
        let node: String
        let channel: String
        var value = "—"
        var quality = "no value yet"
        var age = ""
        let note: String
        let tone: Tone
        let isRelay: Bool
    }

    /// A line for each channel, and one for each node that has not shown anything: relays first, then what is
    /// not in order, then the rest; each in the order of the layout, where that is known.
    func entries(at now: Timestamp) -> [Entry] {
        let byGateway = Dictionary(grouping: rows.values, by: \.gateway)
        let names = Set(byGateway.keys).union(gateways.keys).sorted()
        let all = names.flatMap { name in
            entries(of: name, gateways[name] ?? Gateway(), byGateway[name] ?? [], at: now)
        }
        return all.enumerated().sorted {
            ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset)
        }.map(\.element)
    }

    private func entries(
        of name: String, _ gateway: Gateway, _ rows: [LiveRow], at now: Timestamp
    ) -> [Entry] {
        let isGone = complaint != nil || isStopped || gateway.isGone(at: now.monotonic)
        guard let nodes = gateway.nodes else {
            return rows.sorted { ($0.node, $0.channel) < ($1.node, $1.channel) }
                .map { entry($0, nil, gateway, isGone: isGone, at: now) }
        }
        let byChannel = Dictionary(rows.map { ($0.channel, $0) }) { first, _ in first }
        return nodes.flatMap { node in
            let channels = node.channels.map(\.name.text)
            let missing = channels.filter { byChannel[$0] == nil }
            // A node that never answered is one thing that is wrong, however many channels it has.
            let isSilent = missing.count == channels.count
            let absent = isSilent ? [channels.count == 1 ? channels[0] : ""] : missing
            return channels.compactMap { byChannel[$0] }.map {
                entry($0, node, gateway, isGone: isGone, at: now)
            } + absent.map { absentee($0, node, name, gateway, isGone: isGone) }
        }
    }

    private func entry(
        _ row: LiveRow, _ node: NodeProfile?, _ gateway: Gateway, isGone: Bool, at now: Timestamp
    ) -> Entry {
        let faults = gateway.faults.filter { $0.concerns(row.node, row.channel) }
        let isPast = isGone || faults.contains { $0.agesValues && row.at <= ($0.since ?? row.at) }
        let quality = row.quality == .good && isPast ? .stale : row.quality
        let isSimulated = row.isSimulated || node?.isSimulated == true
        return Entry(
            gateway: row.gateway, node: row.node, channel: row.channel,
            value: quality == .bad ? "—" : row.text, quality: quality.rawValue,
            age: Self.age(from: row.at, to: now.wall), note: note(isSimulated, faults),
            tone: quality == .bad ? .bad : quality == .stale || !faults.isEmpty ? .stale : .plain,
            isRelay: node?.kind == .relay)
    }

    private func absentee(
        _ channel: String, _ node: NodeProfile, _ name: String, _ gateway: Gateway, isGone: Bool
    ) -> Entry {
        let faults = gateway.faults.filter { $0.concerns(node.name.text, channel) }
        return Entry(
            gateway: name, node: node.name.text, channel: channel,
            quality: isGone ? "no value" : "no value yet", note: note(node.isSimulated, faults),
            tone: faults.isEmpty ? .stale : .bad, isRelay: node.kind == .relay)
    }

    private func note(_ isSimulated: Bool, _ faults: [LiveFault]) -> String {
        var words = isSimulated ? ["simulated"] : []
        for fault in faults where !words.contains(fault.kind) { words.append(fault.kind) }
        return words.joined(separator: ", ")
    }

    /// Whole seconds, minutes or hours: `"3s"`.
    static func age(from: WallTime, to: WallTime) -> String {
        // Divided first: the time in a message is any client's and may be any number.
        age(seconds: max(0, to.nanoseconds / 1_000_000_000 - from.nanoseconds / 1_000_000_000))
    }

    static func age(seconds: Int64) -> String {
        if seconds < 120 { return "\(seconds)s" }
        return seconds < 7_200 ? "\(seconds / 60)min" : "\(seconds / 3_600)h"
    }
}

extension LiveTable.Entry {
    fileprivate var rank: Int { isRelay ? 0 : tone == .plain ? 2 : 1 }
}

extension LiveFault {
    fileprivate func concerns(_ node: String, _ channel: String) -> Bool {
        who == node && (self.channel == nil || channel.isEmpty || self.channel == channel)
    }
}

import Vocabulary

/// Remembers what is wrong, so that each fault is reported once when it starts and once when it ends.
struct FaultLatch: Sendable {
    /// Nil stands for the whole node.
    private var open: [DataChannelName?: Set<Fault.Kind>] = [:]
    /// How often in a row what may pass has been seen; nothing where all is well.
    private var seen: [DataChannelName?: [Fault.Kind: Int]] = [:]

    /// - Parameter times: How often in a row it must be seen before it is reported.
    /// - Returns: The fault to report; nil when one of this kind is already known.
    mutating func begin(
        _ kind: Fault.Kind, on channel: DataChannelName? = nil, after times: Int = 1,
        _ detail: String
    ) -> Fault? {
        if times > 1 {
            seen[channel, default: [:]][kind, default: 0] += 1
            guard seen[channel]?[kind] ?? 0 >= times else { return nil }
        }
        guard open[channel, default: []].insert(kind).inserted else { return nil }
        return Fault(channel: channel, kind: kind, isOn: true, detail: detail)
    }

    /// - Returns: The ends to report, one for each of `kinds` that was known there.
    mutating func end(
        _ kinds: Set<Fault.Kind>, on channel: DataChannelName? = nil, _ detail: String
    ) -> [Fault] {
        for kind in kinds where seen[channel] != nil { seen[channel]?[kind] = nil }
        guard let known = open[channel] else { return [] }
        let ended = known.intersection(kinds)
        open[channel] = known == ended ? nil : known.subtracting(ended)
        return ended.sorted { $0.rawValue < $1.rawValue }.map {
            Fault(channel: channel, kind: $0, isOn: false, detail: detail)
        }
    }
}

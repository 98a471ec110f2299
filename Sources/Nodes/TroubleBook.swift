import Vocabulary

/// Remembers what is wrong, so that each trouble is told once when it starts and once when it ends.
struct TroubleBook: Sendable {
    /// Nil stands for the whole node.
    private var open: [DataChannelName?: Set<Trouble.Kind>] = [:]

    /// - Returns: The trouble to tell; nil when one of this kind is already known.
    mutating func begin(
        _ kind: Trouble.Kind, on channel: DataChannelName? = nil, _ detail: String
    ) -> Trouble? {
        guard open[channel, default: []].insert(kind).inserted else { return nil }
        return Trouble(channel: channel, kind: kind, isOn: true, detail: detail)
    }

    /// - Returns: The ends to tell, one for each of `kinds` that was known there.
    mutating func end(
        _ kinds: Set<Trouble.Kind>, on channel: DataChannelName? = nil, _ detail: String
    ) -> [Trouble] {
        guard let known = open[channel] else { return [] }
        let ended = known.intersection(kinds)
        open[channel] = known == ended ? nil : known.subtracting(ended)
        return ended.sorted { $0.rawValue < $1.rawValue }.map {
            Trouble(channel: channel, kind: $0, isOn: false, detail: detail)
        }
    }
}

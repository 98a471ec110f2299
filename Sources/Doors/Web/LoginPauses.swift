import Vocabulary

/// Growing pauses for addresses from which wrong secrets come. Pure.
///
/// It remembers `most` addresses; when all places are taken, the one that was wrong longest ago is forgotten.
struct LoginPauses: Sendable {
    private struct Failures: Sendable {
        var count = 0
        var last: MonotonicInstant
    }

    /// Wrong ones without a pause, as people mistype.
    static let free = 5
    private static let longest = Duration.seconds(300)
    /// How long after the last wrong one all is forgotten.
    private static let memory = Duration.seconds(3_600)
    private static let most = 256

    private var failures: [String: Failures] = [:]

    /// How long an address has to wait; nil when it may try.
    func pause(for address: String, at now: MonotonicInstant) -> Duration? {
        guard let failed = failures[Self.network(address)], failed.count >= Self.free else {
            return nil
        }
        let doublings = min(failed.count - Self.free, 9)
        let end = failed.last.advanced(by: min(.seconds(1 << doublings), Self.longest))
        return end > now ? now.duration(to: end) : nil
    }

    mutating func fail(_ address: String, at now: MonotonicInstant) {
        failures = failures.filter { $0.value.last.duration(to: now) < Self.memory }
        let key = Self.network(address)
        if failures[key] == nil, failures.count >= Self.most,
            let oldest = failures.min(by: { $0.value.last < $1.value.last })
        {
            failures[oldest.key] = nil
        }
        failures[key, default: Failures(last: now)].count += 1
        failures[key]?.last = now
    }

    mutating func succeed(_ address: String) { failures[Self.network(address)] = nil }

    /// One host has as many IPv6 addresses as it likes, all with the same first half.
    private static func network(_ address: String) -> String {
        let groups = address.split(separator: ":", omittingEmptySubsequences: false)
        return groups.count > 4 ? groups.prefix(4).joined(separator: ":") : address
    }
}

import Vocabulary

/// How often pulses come, from their time stamps. A pure machine: no clock.
///
/// A rate is the mean over all pulses since the one that the last rate ended with. While none comes it
/// falls, because it cannot be more than one pulse in the time that has passed since the last one.
public struct PulseRate: Hashable, Sendable {
    /// So many pulses in so much time.
    public struct Rate: Hashable, Sendable {
        public let pulses: Int64
        /// At least 1.
        public let nanoseconds: Int64

        public static let zero = Rate(pulses: 0, nanoseconds: 1)
    }

    /// After so long without a pulse the rate is zero.
    public let zeroAfter: Duration
    /// The pulse that the last rate ended with, or the first one.
    private var anchor: MonotonicInstant?
    private var last: MonotonicInstant?
    private var pulsesSinceAnchor: Int64 = 0
    private var known: Rate?
    private var watchedSince: MonotonicInstant?

    public init(zeroAfter: Duration) { self.zeroAfter = zeroAfter }

    /// Takes the next pulse, which must not be older than the one before.
    public mutating func take(pulseAt at: MonotonicInstant) {
        last = at
        if anchor == nil { anchor = at } else { pulsesSinceAnchor += 1 }
    }

    /// The rate now; nil while too little was seen to know, that is until the second pulse, or until
    /// `zeroAfter` has passed since the first call.
    public mutating func rate(at now: MonotonicInstant) -> Rate? {
        let quietSince = last ?? watchedSince ?? now
        watchedSince = watchedSince ?? now
        if let anchor, let last, last > anchor {
            known = Rate(
                pulses: pulsesSinceAnchor,
                nanoseconds: anchor.duration(to: last).wholeNanoseconds)
            (self.anchor, pulsesSinceAnchor) = (last, 0)
        }
        let quiet = quietSince.duration(to: now)
        if quiet >= zeroAfter {
            // The next pulse starts again: the silence before it says nothing about the rate after it.
            (anchor, last, pulsesSinceAnchor) = (nil, nil, 0)
            watchedSince = quietSince
            known = .zero
        }
        guard let known else { return nil }
        let most = Rate(pulses: 1, nanoseconds: max(1, quiet.wholeNanoseconds))
        return known.isMore(than: most) ? most : known
    }
}

extension PulseRate.Rate {
    fileprivate func isMore(than other: Self) -> Bool {
        // 128 bits, because a day has 10^14 nanoseconds.
        Int128(pulses) * Int128(other.nanoseconds) > Int128(other.pulses) * Int128(nanoseconds)
    }
}

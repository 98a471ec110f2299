/// What a machine's clocks say at one moment.
public struct ClockSample: Hashable, Sendable {
    /// The system's wall clock, as it is.
    public let wall: WallTime
    /// Time since the machine was switched on, with the time that it slept.
    ///
    /// Source: CLOCK_BOOTTIME.
    public let sinceBoot: Duration
    /// The same without the time that it slept.
    public let awake: MonotonicInstant
    /// Whether the system vouches for the wall clock.
    public let isVouchedFor: Bool

    public init(
        wall: WallTime, sinceBoot: Duration, awake: MonotonicInstant, isVouchedFor: Bool
    ) {
        (self.wall, self.sinceBoot) = (wall, sinceBoot)
        (self.awake, self.isVouchedFor) = (awake, isVouchedFor)
    }
}

/// What happened to a machine's clocks between two looks.
public enum ClockEvent: Hashable, Sendable {
    /// The wall clock is right from now on. All labels of before were wrong by `offset`, each by the same;
    /// add it to put them right.
    case becameSynchronised(offset: Duration)
    /// The wall clock was set once more. Labels of before stay as they are: each was the best there was.
    case jumped(by: Duration)
    /// The machine slept.
    case slept(Duration)
}

/// Knows whether the wall clock may be believed, and gives labels that can be put right later.
///
/// A pure machine. Boards without a battery clock start somewhere in the past, and NTP puts them right by
/// a jump. Until then labels do not follow the wall clock but count on steadily from what it said at the
/// first sample. So all of them are wrong by the same amount, whenever the jump comes and however late it
/// is noticed, and one offset puts all of them right.
///
/// The wall clock is synchronised once the system vouches for it, or once it was seen to be set.
public struct ClockWatch: Sendable {
    /// A smaller difference between the clocks is no jump.
    public static let leastJump = Duration.seconds(1)
    /// A shorter sleep is not reported.
    public static let leastSleep = Duration.seconds(1)
    /// NTP makes a clock run slower or faster by less than one in so many, which is no jump either.
    private static let slewing = 1_000

    /// Whether labels are the true time, as far as the machine can know.
    public private(set) var isSynchronised: Bool
    /// The label of the moment when the machine was switched on, while labels are not synchronised.
    private let origin: WallTime
    private var last: ClockSample

    public init(_ first: ClockSample) {
        isSynchronised = first.isVouchedFor
        origin = first.wall.advanced(by: .zero - first.sinceBoot)
        last = first
    }

    /// What happened since the last look.
    public mutating func look(_ sample: ClockSample) -> [ClockEvent] {
        defer { last = sample }
        var news: [ClockEvent] = []
        let elapsed = sample.sinceBoot - last.sinceBoot
        let slept = elapsed - last.awake.duration(to: sample.awake)
        if slept >= Self.leastSleep { news.append(.slept(slept)) }
        let jump = sample.wall.since(last.wall) - elapsed
        let isJump = abs(jump) >= max(Self.leastJump, elapsed / Self.slewing)
        if isSynchronised {
            if isJump { news.append(.jumped(by: jump)) }
        } else if isJump || sample.isVouchedFor {
            news.append(
                .becameSynchronised(
                    offset: sample.wall.since(origin.advanced(by: sample.sinceBoot))))
            isSynchronised = true
        }
        return news
    }

    /// The label for a moment at which the clocks say this.
    public func label(wall: WallTime, sinceBoot: Duration) -> WallTime {
        isSynchronised ? wall : origin.advanced(by: sinceBoot)
    }
}

private func abs(_ duration: Duration) -> Duration { max(duration, .zero - duration) }

extension WallTime {
    fileprivate func since(_ other: WallTime) -> Duration {
        .nanoseconds(nanoseconds) - .nanoseconds(other.nanoseconds)
    }
}

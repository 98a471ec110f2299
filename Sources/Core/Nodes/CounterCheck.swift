import Vocabulary

/// Follows what the register of a meter shows, and says how much it has counted.
///
/// A pure machine; all values are in steps of the channel.
///
/// - A register of a known width that shows little after having been near its end has begun again, and the
///   total goes on. A single poll does not prove that: a meter may show 0 while it starts.
/// - A lower number that is no such thing is believed once it has counted on from there for a while: the
///   meter was exchanged or reset, and its own number is the total. A meter that only starts is given
///   longer: its 0 would have a lifetime booked as one day's energy.
/// - When only the newest values stand in the way, because the register was read as all ones, three polls
///   that agree are believed again.
/// - A number that is lower by the last digit is rounding, and the total stays.
struct CounterCheck: Sendable {
    enum Verdict: Hashable, Sendable {
        case counts(Int64)
        /// Not believed yet, and nothing is wrong so far.
        case waits
        /// Not believed, and why.
        case doubtful(String)
        /// The total goes on over the end of the register.
        case wrapped(Int64, String)
        /// The total is another one from now on.
        case reset(Int64, String)
    }

    /// How many polls in a row must agree before they are believed.
    static let confirmingPolls = 3
    /// For how long they must agree at least where the total falls, and where the register shows 0.
    static let confirmingTime = (fall: Duration.seconds(60), zero: Duration.seconds(600))

    /// Polls that agree with each other and not with what was believed before.
    private struct Series {
        var values: [Int64]
        var polls = 1
        let since: MonotonicInstant

        func agrees(_ value: Int64, jitter: Int64, leap: Int64) -> Bool {
            guard let top = values.max() else { return false }
            let rise = value.difference(from: top)
            return rise >= -jitter && rise <= leap
        }

        mutating func add(_ value: Int64) {
            values = values.suffix(CounterCheck.confirmingPolls - 1) + [value]
            polls += 1
        }
    }

    private let channel: DataChannel
    private let span: Int64?
    private let highest: Int64?
    private let step: Int64
    /// What the register showed when it was believed last.
    private(set) var last: Int64?
    /// How often the register has begun again.
    private(set) var turns: Int64 = 0
    /// The newest values that were believed, at most `confirmingPolls`; the oldest was confirmed by those
    /// after it.
    private var risen: [Int64] = []
    /// How often the register must still rise until a leap is no glitch.
    private var leapt = 0
    private var series: Series?
    /// Polls in a row that showed the highest number of the register.
    private var highs = 0

    init(channel: DataChannel) {
        self.channel = channel
        let register = channel.plausibility.register
        func steps(_ number: DecimalNumber?) -> Int64? {
            number?.nearestSteps(exponent: channel.exponent)
        }
        span = steps(register?.span).flatMap { $0 > 0 ? $0 : nil }
        step = max(1, steps(register?.step) ?? 1)
        // In steps that are coarser than its counts, others look like it.
        let isFine = register?.step?.wholeSteps(exponent: channel.exponent) != nil
        highest = isFine ? steps(register?.highest) : nil
    }

    /// Goes on from where the register stood in an earlier life.
    mutating func restore(shown: Int64, turns: Int64) {
        (last, self.turns, risen) = (shown, turns, [shown, shown])
    }

    /// A user has set the total: whatever was before does not count.
    mutating func begin(at total: Int64) {
        (last, turns, risen, series) = (total, 0, [total], nil)
    }

    mutating func judge(_ value: Int64, at now: MonotonicInstant) -> Verdict {
        highs = value == highest ? highs + 1 : 0
        if highs > 0 {
            guard highs >= Self.confirmingPolls else { return .waits }
            return .doubtful(
                "shows \(channel.text(value)), the highest number of its register, "
                    + "the device's code for no value")
        }
        guard let last else { return believe(value) }
        let rise = value.difference(from: last)
        if rise >= 0, rise <= longestRise { return believe(value) }
        if rise < 0, rise >= -jitter(at: last) {
            series = nil
            return .counts(total(last))
        }
        return doubt(value, after: last, at: now)
    }

    private mutating func doubt(
        _ value: Int64, after last: Int64, at now: MonotonicInstant
    ) -> Verdict {
        let jitter = jitter(at: value)
        if series?.agrees(value, jitter: jitter, leap: longestRise) == true {
            series?.add(value)
        } else {
            series = Series(values: [value], since: now)
        }
        let isConfirmed = (series?.polls ?? 0) >= Self.confirmingPolls
        let time = series?.since.duration(to: now) ?? .zero
        let rise = value.difference(from: last)
        if rise > 0 {
            if isConfirmed {
                defer { leapt = Self.confirmingPolls }
                return believe(value)
            }
            guard let step = channel.plausibility.largestStep, rise > step else { return .waits }
            return .doubtful(
                "\(channel.text(value)) is more than \(channel.text(step)) away from "
                    + channel.text(last))
        }
        if isOver(rise) {
            guard isConfirmed, value != 0 || time >= Self.confirmingTime.zero else { return .waits }
            turns += 1
            _ = believe(value)
            return .wrapped(
                total(value),
                "its register restarted at \(channel.text(value)) after \(channel.text(last)); "
                    + "the total continues at \(channel.text(total(value)))")
        }
        if isConfirmed, disproves(last, by: value) { return believe(value) }
        let needed = value == 0 ? Self.confirmingTime.zero : Self.confirmingTime.fall
        guard isConfirmed, time >= needed else {
            return .doubtful(
                "the counter fell from \(channel.text(last)) to \(channel.text(value)), which is "
                    + "accepted after it has counted on from there for \(needed.layoutText)")
        }
        let before = total(last)
        turns = 0
        _ = believe(value)
        return .reset(
            value,
            "the meter was exchanged or reset: it stood at \(channel.text(before)) and continues "
                + "from \(channel.text(value))")
    }

    private mutating func believe(_ value: Int64) -> Verdict {
        if let series, series.polls >= Self.confirmingPolls {
            risen = series.values
        } else if series == nil {
            // A value between two falls confirms nothing: a glitch may come more than once.
            risen = risen.suffix(Self.confirmingPolls - 1) + [value]
        }
        if leapt > 0, let last, value > last { leapt -= 1 }
        (last, series) = (value, nil)
        return .counts(total(value))
    }

    /// Whether the register has gone over its end since it was read last.
    private func isOver(_ rise: Int64) -> Bool {
        guard let span, leapt == 0 else { return false }
        let (forward, overflow) = rise.addingReportingOverflow(span)
        return !overflow && forward >= 0 && forward <= span / 8
    }

    /// Whether the counter never stood at `top`, now that polls agree on `value`.
    private func disproves(_ top: Int64, by value: Int64) -> Bool {
        // A single value is confirmed by nothing, so anything above zero may be below it.
        let floor = risen.count > 1 ? risen[0] : 1
        // Far below the glitch is nearer to what was believed before it.
        return value >= floor
            && Int128(top) - Int128(value) > Int128(value) - Int128(risen.count > 1 ? floor : 0)
    }

    /// The largest rise between two polls that needs no other poll to agree.
    private var longestRise: Int64 {
        min(channel.plausibility.largestStep ?? .max, span.map { $0 / 8 } ?? .max)
    }

    /// How far a number may fall by rounding alone: one count of the register, or the last digit of a
    /// floating-point number of 32 bits.
    private func jitter(at value: Int64) -> Int64 { max(step, Int64(value.magnitude >> 22)) }

    private func total(_ shown: Int64) -> Int64 {
        let span = channel.plausibility.register?.span
        let before = span?.multiplied(by: DecimalNumber(mantissa: turns))?
            .nearestSteps(exponent: channel.exponent)
        let (total, overflow) = shown.addingReportingOverflow(before ?? 0)
        return overflow ? .max : total
    }
}

extension Int64 {
    /// How much more this is than `other`, cut off at the ends.
    fileprivate func difference(from other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (self < other ? -.max : .max) : difference
    }
}

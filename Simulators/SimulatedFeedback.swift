import DriverKit
import Vocabulary

/// What a simulated relay does to the channel that shows it: a contact goes with it, and what is measured is
/// large enough while it is on.
struct SimulatedFeedback: Sendable {
    let relay: LineAddress
    private let isActiveLow: Bool
    private let whenOn: ClosedRange<Int64>

    /// - Returns: Nil when the relay is on no line.
    init?(_ relay: Component, _ rule: FeedbackRule) throws(DriverError) {
        guard relay.model == SimulatedGpioRelay.model else { return nil }
        self.relay = try relay.settings.line("line")
        isActiveLow = try relay.settings.flag("activeLow")
        whenOn = rule.whenOn
    }

    /// Whether a contact is high while the relay's line is.
    func isSameLevel(contactIsActiveLow: Bool) -> Bool {
        (isActiveLow == contactIsActiveLow) == whenOn.contains(1)
    }

    /// Whether the relay's line is high while it is on.
    var isHighWhenOn: Bool { !isActiveLow }

    /// What is measured while the relay is on, at least.
    ///
    /// - Parameter exponent: Of the channel's steps.
    func least(_ exponent: Int) -> Double {
        let threshold = DecimalNumber(mantissa: whenOn.lowerBound, exponent: exponent).approximate
        return threshold + abs(threshold) / 2
    }

    /// The same quantity as it is while the relay is on, and while it is off.
    ///
    /// - Parameters:
    ///   - exponent: Of the channel's steps.
    ///   - scale: How much of what the signal shows is one of the channel's unit.
    func shaping(
        _ usual: Signal, _ exponent: Int, scale: Double = 1, on lines: SimulatedLines
    ) -> Signal {
        let threshold = DecimalNumber(mantissa: whenOn.lowerBound, exponent: exponent).approximate
        let (least, most) = (
            least(exponent) * scale, (threshold > 0 ? 0 : threshold * 2 - 1) * scale
        )
        return Signal { [self] seconds in
            let value = usual.value(at: MonotonicInstant(nanoseconds: Int64(seconds * 1e9)))
            return lines.level(of: relay) == isHighWhenOn ? max(value, least) : min(value, most)
        }
    }
}

extension SimulatedWiring {
    /// A quantity as the channel shows it: as it is, or as a relay has it.
    func signal(_ usual: Signal, for channel: DataChannel?, scale: Double = 1) -> Signal {
        guard let channel, let feedback = feedback.withLock({ $0[channel.name] }) else {
            return usual
        }
        return feedback.shaping(usual, channel.exponent, scale: scale, on: lines)
    }
}

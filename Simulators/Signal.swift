import Vocabulary

/// A quantity of the simulated world as a function of time: the same seed shows the same world.
public struct Signal: Sendable {
    let function: @Sendable (_ seconds: Double) -> Double

    /// - Parameter function: The quantity at `seconds` on the monotonic clock, in its unit.
    public init(_ function: @escaping @Sendable (_ seconds: Double) -> Double) {
        self.function = function
    }

    /// The quantity at `instant`, in its unit.
    public func value(at instant: MonotonicInstant) -> Double {
        function(Double(instant.nanoseconds) / 1e9)
    }

    public static func constant(_ value: Double) -> Signal { Signal { _ in value } }

    /// A slow triangle wave between `mean − swing` and `mean + swing`.
    ///
    /// - Parameter phase: Where in its period it starts, 0 to 1.
    public static func wave(
        mean: Double, swing: Double, period: Duration, phase: Double = 0
    ) -> Signal {
        let seconds = Double(period.wholeNanoseconds) / 1e9
        return Signal { time in
            let turn = (time / seconds + phase).truncatingRemainder(dividingBy: 1)
            return mean + swing * (turn < 0.5 ? 4 * turn - 1 : 3 - 4 * turn)
        }
    }

    /// A counter that starts at `start` and rises evenly.
    public static func ramp(start: Double, perSecond rate: Double) -> Signal {
        Signal { start + rate * $0 }
    }
}

import DriverKit
import Vocabulary

/// What the meters of one simulated house see: a load that swings and counters that rise.
struct SimulatedHousehold: Sendable {
    private let watts: Double
    private let phase: Double
    private let start: Double
    private let wiring: SimulatedWiring
    private let channels: [DataChannel]
    /// Smart meters know three phases.
    private let shares = PhaseShares(
        ["power-active", "power-import", "power-export", "current"].flatMap { quantity in
            (1...3).map { "\(quantity)-l\($0)" }
        })

    init(_ component: Component, _ wiring: SimulatedWiring, _ chance: inout SeededGenerator) {
        watts = Double.random(in: 300...3_000, using: &chance)
        phase = Double.random(in: 0...1, using: &chance)
        start = Double.random(in: 100...9_000, using: &chance)
        (self.wiring, channels) = (wiring, component.channels)
    }

    /// What the meter shows of a quantity, in steps of the channel.
    func value(of channel: ChannelDescription, at now: MonotonicInstant) -> DecimalNumber {
        let known = channels.first { $0.source == channel.source }
        let signal = signal(channel).times(shares.share(of: channel))
        let value = wiring.signal(signal, for: known).value(at: now)
        return DecimalNumber(
            mantissa: wholeSteps(value, places: -channel.exponent), exponent: channel.exponent)
    }

    private func signal(_ channel: ChannelDescription) -> Signal {
        func wave(_ mean: Double, _ swing: Double) -> Signal {
            .wave(mean: mean, swing: swing, period: .seconds(300), phase: phase)
        }
        let source = channel.source
        // Nothing is given to the grid, and batteries have voltages of their own.
        if source.contains("export") {
            return channel.plausibility.isCounter
                ? .ramp(start: start * 10, perSecond: 0) : .constant(0)
        }
        if source.hasPrefix("battery-voltage") { return wave(26, 0.5) }
        if source.hasPrefix("panel-voltage") { return wave(48, 2) }
        if channel.plausibility.isCounter {
            switch channel.unit {
            case .cubicMetre where source.hasPrefix("water"):
                return .ramp(start: start / 30, perSecond: 3e-6)
            case .cubicMetre: return .ramp(start: start / 10, perSecond: 1e-5)
            case .wattHour: return .ramp(start: start * 1_000, perSecond: watts / 3_600)
            default: return .ramp(start: start, perSecond: 0)
            }
        }
        switch channel.unit {
        case .watt, .voltAmpere: return wave(watts, watts * 0.3)
        case .reactivePower: return wave(watts * 0.2, watts * 0.05)
        case .volt: return wave(230, 2)
        case .ampere: return wave(watts / 230, watts / 1_000)
        case .hertz: return wave(50, 0.03)
        case .powerFactor: return wave(0.98, 0.01)
        case .celsius: return wave(55, 3)
        case .kelvin: return wave(15, 2)
        case .percent: return wave(80, 10)
        case .cubicMetrePerHour: return wave(0.5, 0.1)
        case .bar: return wave(1.5, 0.05)
        default: return .constant(1)
        }
    }
}

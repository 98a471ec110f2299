import DriverKit
import Drivers
import Vocabulary

/// A simulated meter for `modbus-meter`: a household's load on all registers of the component's map.
///
/// Power swings slowly, voltage and frequency hardly at all, and energy counters rise.
enum SimulatedModbusMeter: SimulatedDevice {
    static let model = ModbusMeterDriver.model

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let map = try RegisterMap(component.settings)
        let bus = try component.settings.bus("bus")
        let number = try component.settings.unit("unit")
        let world = Load(chance: &chance, sources: map.registers.map(\.channel.source))
        wiring.buses.change(unit: number, on: bus) { unit in
            for register in map.registers {
                let source = register.channel.source
                let channel = component.channels.first { $0.source == source }
                unit.show(
                    wiring.signal(world.signal(for: register.channel), for: channel), in: register)
            }
        }
    }

    /// What one meter sees.
    struct Load {
        let watts: Double
        let phase: Double
        let startWattHours: Double
        private let shares: PhaseShares

        /// - Parameter sources: What it shows.
        init(chance: inout SeededGenerator, sources: [String]) {
            shares = PhaseShares(sources)
            watts = Double.random(in: 300...3_000, using: &chance)
            phase = Double.random(in: 0...1, using: &chance)
            startWattHours = Double.random(in: 100_000...9_000_000, using: &chance)
        }

        func signal(for channel: ChannelDescription) -> Signal {
            let range = channel.plausibility.range
            let lowest = steps(range.lowerBound, channel.exponent)
            let highest = steps(range.upperBound, channel.exponent)
            let wanted = wantedSignal(for: channel).times(shares.share(of: channel))
            return Signal { seconds in
                let nanoseconds = Int64(seconds * 1e9)
                let value = wanted.value(at: MonotonicInstant(nanoseconds: nanoseconds))
                return min(max(value, lowest), highest)
            }
        }

        private func wantedSignal(for channel: ChannelDescription) -> Signal {
            if channel.plausibility.isCounter {
                return .ramp(start: startWattHours, perSecond: watts / 3_600)
            }
            switch channel.unit {
            case .volt:
                return wave(mean: volts(of: channel), swing: 2, period: .seconds(600))
            case .ampere: return power(watts / 230)
            case .watt: return power(watts)
            case .voltAmpere: return power(watts / 0.98)
            case .reactivePower: return power(watts * 0.2)
            case .wattHour, .varHour, .voltAmpereHour:
                return .ramp(start: startWattHours, perSecond: 0)
            case .joule: return .ramp(start: startWattHours * 3_600, perSecond: 0)
            case .powerFactor: return wave(mean: 0.98, swing: 0.01, period: .seconds(300))
            case .hertz: return wave(mean: 50, swing: 0.03, period: .seconds(120))
            case .degree: return wave(mean: 11.5, swing: 1, period: .seconds(300))
            case .celsius:
                return wave(mean: degrees(of: channel), swing: 2, period: .seconds(3_600))
            case .bar: return wave(mean: 1.5, swing: 0.1, period: .seconds(3_600))
            case .cubicMetrePerHour: return wave(mean: 0.8, swing: 0.1, period: .seconds(600))
            case .ohm: return wave(mean: 1_085, swing: 5, period: .seconds(3_600))
            case .percent: return wave(mean: 50, swing: 10, period: .seconds(3_600))
            case .pascal: return wave(mean: 101_325, swing: 500, period: .seconds(3_600))
            default: return wave(mean: 10, swing: 1, period: .seconds(600))
            }
        }

        /// Of a phase, between two, of a battery or of a string of panels; its name and range show it.
        private func volts(of channel: ChannelDescription) -> Double {
            let highest = steps(channel.plausibility.range.upperBound, channel.exponent)
            if channel.source.contains("battery") { return 51 }
            return highest > 1_000 ? 350 : highest > 450 ? 400 : 230
        }

        private func degrees(of channel: ChannelDescription) -> Double {
            let means = [("hot-water", 48.0), ("buffer", 40), ("flow", 36), ("return", 31)]
            return means.first { channel.source.contains($0.0) }?.1 ?? 21
        }

        private func power(_ mean: Double) -> Signal {
            wave(mean: mean, swing: mean * 0.3, period: .seconds(300))
        }

        private func wave(mean: Double, swing: Double, period: Duration) -> Signal {
            .wave(mean: mean, swing: swing, period: period, phase: phase)
        }

        private func steps(_ steps: Int64, _ exponent: Int) -> Double {
            DecimalNumber(mantissa: steps, exponent: exponent).approximate
        }
    }
}

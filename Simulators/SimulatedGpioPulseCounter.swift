import DriverKit
import Vocabulary

/// A meter that gives about one pulse a second, each of 60 ms; or as many as show that a relay is on, and none
/// while it is off.
struct SimulatedGpioPulseCounter: SimulatedDevice {
    static let model = DriverModel(known: "gpio-pulse-counter")

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let line = try component.settings.line("line")
        wiring.lines.addLine(line)
        for channel in component.channels {
            guard let feedback = wiring.feedback.withLock({ $0[channel.name] }) else { continue }
            let least = feedback.least(channel.exponent) * (try pulsesPerSecond(component.settings))
            let interval = Duration.milliseconds(min(1_000, Int64(1_000 / max(least, 0.001))))
            let width = max(.milliseconds(1), min(.milliseconds(60), interval / 2))
            let pattern = LevelPattern.pulses(
                every: interval...interval, lasting: width, chance: &chance)
            return wiring.lines.couple(
                line, to: feedback.relay, .pattern(pattern, whileHigh: feedback.isHighWhenOn))
        }
        wiring.lines.follow(
            line,
            .pulses(
                every: .milliseconds(700) ... .milliseconds(1300), lasting: .milliseconds(60),
                chance: &chance))
    }

    /// The pulses in a second for each watt, litre a minute or thing a second.
    private static func pulsesPerSecond(_ settings: Settings) throws(DriverError) -> Double {
        let pulses = settings["pulsesPer"]?.number?.approximate ?? 1
        return switch try settings.text("quantity") {
        case "energy": pulses / 3_600_000
        case "volume": pulses / 60
        default: pulses
        }
    }
}

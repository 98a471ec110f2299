import DriverKit
import Vocabulary

/// A meter that gives about one pulse a second, each of 60 ms.
struct SimulatedGpioPulseCounter: SimulatedDevice {
    static let model = DriverModel(known: "gpio-pulse-counter")

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let line = try component.settings.line("line")
        wiring.lines.addLine(line)
        wiring.lines.follow(
            line,
            .pulses(
                every: .milliseconds(700) ... .milliseconds(1300), lasting: .milliseconds(60),
                chance: &chance))
    }
}

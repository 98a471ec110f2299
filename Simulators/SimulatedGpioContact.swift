import DriverKit
import Vocabulary

/// A contact that somebody opens and closes every few minutes.
struct SimulatedGpioContact: SimulatedDevice {
    static let model = DriverModel(known: "gpio-contact")

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let line = try component.settings.line("line")
        wiring.lines.addLine(line)
        wiring.lines.follow(line, .turns(every: .seconds(40) ... .seconds(240), chance: &chance))
    }
}

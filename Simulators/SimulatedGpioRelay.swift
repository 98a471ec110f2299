import DriverKit
import Vocabulary

/// A free output line for a `gpio-relay`.
struct SimulatedGpioRelay: SimulatedDevice {
    static let model = DriverModel(known: "gpio-relay")

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        wiring.lines.addLine(try component.settings.line("line"))
    }
}

import DriverKit
import Vocabulary

/// A thermal zone between 40 and 60 °C, as of a processor with little to do.
enum SimulatedThermalZone: SimulatedDevice {
    static let model = DriverModel(known: "thermal-zone")

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let folder = wiring.tree.folder(
            of: try component.settings.text("type"),
            in: SimulatedClass(
                folder: "/sys/class/thermal", prefix: "thermal_zone", attribute: "type"),
            calledIn: component.settings["zone"]?.text)
        let signal = Signal.wave(
            mean: 50, swing: 10, period: .seconds(1_800),
            phase: Double.random(in: 0..<1, using: &chance))
        wiring.tree.set("\(folder)/temp", signal, places: 3)
    }
}

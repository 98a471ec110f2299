import DriverKit
import Vocabulary

/// An input of a hardware monitoring chip with a value that fits what it measures.
enum SimulatedHwmon: SimulatedDevice {
    static let model = DriverModel(known: "hwmon")

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let input = try component.settings.text("input")
        let folder = wiring.tree.folder(
            of: try component.settings.text("chip"),
            in: SimulatedClass(
                folder: "/sys/class/hwmon", prefix: "hwmon", attribute: "name", part: "/hwmon"),
            at: component.settings["address"]?.text)
        let phase = Double.random(in: 0..<1, using: &chance)
        // Mean and swing in the steps of Documentation/hwmon/sysfs-interface.rst.
        let (mean, swing): (Double, Double) =
            switch input.prefix(while: { !$0.isWholeNumber }) {
            case "fan": (1_200, 150)
            case "in": (3_300, 20)
            case "curr": (1_500, 400)
            case "power": (8_000_000, 3_000_000)
            case "humidity": (45_000, 10_000)
            default: (35_000, 8_000)
            }
        let stepsEach: Double =
            switch input.prefix(while: { !$0.isWholeNumber }) {
            case "fan": 1
            case "power", "energy": 1_000_000
            default: 1_000
            }
        // A counter rises, by 8 W.
        let wave =
            input.hasPrefix("energy")
            ? Signal.ramp(start: phase * 1e9, perSecond: 8e6)
            : Signal.wave(mean: mean, swing: swing, period: .seconds(1_800), phase: phase)
        wiring.tree.set(
            "\(folder)/\(input)_input",
            wiring.signal(wave, for: component.channels.first, scale: stepsEach))
    }
}

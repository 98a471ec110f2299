import DriverKit
import Drivers
import Vocabulary

/// A sensor of the kernel's Industrial I/O: known environmental chips show finished values, all others counts.
enum SimulatedIioSensor: SimulatedDevice {
    static let model = IioSensorDriver.model

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let settings = component.settings
        let name = try settings.text("device")
        let folder = wiring.tree.folder(
            of: name,
            in: SimulatedClass(
                folder: "/sys/bus/iio/devices", prefix: "iio:device", attribute: "name"),
            at: settings["address"]?.text)
        for (input, channel) in try IioSensorDriver.inputs(settings) {
            let phase = Double.random(in: 0..<1, using: &chance)
            let (mean, swing) = usual(channel.unit)
            let signal = wiring.signal(
                .wave(mean: mean, swing: swing, period: .seconds(3_600), phase: phase),
                for: component.channels.first { $0.source == channel.source })
            let perUnit = kernelUnits(channel.unit)
            guard !name.hasPrefix("bm") else {
                wiring.tree.set("\(folder)/in_\(input)_input") { now in
                    "\(DecimalNumber(mantissa: wholeSteps(signal.value(at: now) * perUnit, places: 6), exponent: -6))\n"
                }
                continue
            }
            // One count is a step of the channel.
            let step = DecimalNumber(mantissa: 1, exponent: channel.exponent)
            wiring.tree.set("\(folder)/in_\(input)_raw", signal, places: -channel.exponent)
            wiring.tree.set("\(folder)/in_\(input)_scale") { _ in
                let scale = wholeSteps(step.approximate * perUnit, places: 9)
                return "\(DecimalNumber(mantissa: scale, exponent: -9))\n"
            }
        }
    }

    /// Mean and swing of a quantity in the channel's unit.
    private static func usual(_ unit: Unit) -> (mean: Double, swing: Double) {
        switch unit {
        case .celsius: (21, 3)
        case .percent: (45, 10)
        case .pascal: (101_325, 800)
        case .partsPerMillion: (700, 250)
        case .lux: (300, 250)
        case .volt: (12, 0.5)
        case .ampere: (0.8, 0.3)
        case .watt: (10, 4)
        case .metre: (0.8, 0.4)
        default: (50_000, 10_000)
        }
    }

    /// How many of the kernel's units one of the channel's is.
    ///
    /// Source: Documentation/ABI/testing/sysfs-bus-iio of Linux.
    private static func kernelUnits(_ unit: Unit) -> Double {
        switch unit {
        case .celsius, .percent, .volt, .ampere, .watt: 1_000
        case .pascal: 0.001
        case .partsPerMillion: 0.0001
        default: 1
        }
    }
}

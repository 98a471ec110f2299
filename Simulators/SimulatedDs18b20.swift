import DriverKit
import Vocabulary

/// The kernel's folder of a DS18B20 in a heat store: 20 to 60 °C, up and down within some hours.
enum SimulatedDs18b20: SimulatedDevice {
    static let model = DriverModel(known: "ds18b20")

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let folder = "/sys/bus/w1/devices/\(try component.settings.text("sensor"))"
        let signal = Signal.storeTemperature(&chance)
        wiring.tree.set("\(folder)/name", "\(try component.settings.text("sensor"))\n")
        wiring.tree.set("\(folder)/temperature") { now in
            // The sensor steps by 1/16 °C, and the kernel drops what is below a thousandth.
            let sixteenths = Int64((signal.value(at: now) * 16).rounded())
            return "\(sixteenths * 1_000 / 16)\n"
        }
    }
}

extension Signal {
    /// The temperature of a heat store in °C: between 20 and 60, a few hours from low to low.
    static func storeTemperature(_ chance: inout SeededGenerator) -> Signal {
        .wave(
            mean: 40, swing: Double.random(in: 10...20, using: &chance),
            period: .seconds(Int.random(in: 7_200...14_400, using: &chance)),
            phase: Double.random(in: 0..<1, using: &chance))
    }
}

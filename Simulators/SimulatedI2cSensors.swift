import DriverKit
import Drivers
import Vocabulary

/// A simulated SCD4x for `scd4x`, in a room where people come and go.
enum SimulatedScd4xSensor: SimulatedDevice {
    static let model = Scd4xDriver.model

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let phase = Double.random(in: 0..<1, using: &chance)
        let co2 = wiring.signal("co2", of: component, 800, 250, phase)
        let temperature = wiring.signal("temperature", of: component, 21, 2, phase)
        let humidity = wiring.signal("humidity", of: component, 45, 8, phase)
        let chip = SimulatedScd4x {
            (co2.value(at: $0), temperature.value(at: $0), humidity.value(at: $0))
        }
        wiring.i2c.plug(chip, at: try Scd4xDriver.address(component.settings))
    }
}

/// A simulated AHT20 for `aht20`.
enum SimulatedAht20Sensor: SimulatedDevice {
    static let model = Aht20Driver.model

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let phase = Double.random(in: 0..<1, using: &chance)
        let temperature = wiring.signal("temperature", of: component, 21, 3, phase)
        let humidity = wiring.signal("humidity", of: component, 45, 10, phase)
        let chip = SimulatedAht20 { (temperature.value(at: $0), humidity.value(at: $0)) }
        wiring.i2c.plug(chip, at: try Aht20Driver.address(component.settings))
    }
}

/// A simulated INA3221 for `ina3221`, with three supplies of 12 V.
enum SimulatedIna3221Sensor: SimulatedDevice {
    static let model = Ina3221Driver.model

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let phase = Double.random(in: 0..<1, using: &chance)
        let volts = (1...3).map { wiring.signal("voltage-\($0)", of: component, 12, 0.3, phase) }
        let amperes = (1...3).map { wiring.signal("current-\($0)", of: component, 0.6, 0.3, phase) }
        let shunts = try Ina3221Driver.shunts(component.settings)
        let chip = SimulatedIna3221 { now in
            (0..<3).map {
                (amperes[$0].value(at: now) * shunts[$0] * 1_000, volts[$0].value(at: now))
            }
        }
        wiring.i2c.plug(chip, at: try Ina3221Driver.address(component.settings))
    }
}

extension SimulatedWiring {
    /// A quantity that swings within half an hour.
    fileprivate func signal(
        _ source: String, of component: Component, _ mean: Double, _ swing: Double, _ phase: Double
    ) -> Signal {
        signal(
            .wave(mean: mean, swing: swing, period: .seconds(1_800), phase: phase),
            for: component.channels.first { $0.source == source })
    }
}

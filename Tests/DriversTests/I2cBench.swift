import Conformance
import DriverKit
import Drivers
import Fakes
import Simulators
import Vocabulary

/// A bench with one simulated chip on an I2C bus.
struct I2cBench {
    let clock = ManualClock()
    let wiring: SimulatedWiring
    let address: I2cAddress

    init(_ chip: any SimulatedI2cChip, at address: UInt8) {
        wiring = SimulatedWiring(clock: clock)
        self.address = I2cAddress(bus: 1, chip: address)!
        wiring.i2c.plug(chip, at: self.address)
    }

    /// What crossed the bus since this was asked last is not kept apart: all of it, oldest first.
    var transfers: [String] { wiring.i2c.transfers(at: address) }

    func open<D: Driver>(
        _ driver: D.Type, _ settings: String = "{}", _ sources: [String]? = nil
    ) throws -> OpenDriver<D> {
        let component = try Component.of(driver, settings, sources: sources)
        return OpenDriver(
            driver: try D(component: component, wiring: wiring), component: component, clock: clock)
    }
}

/// A chip that takes all and sends what is written down, the last of it again and again.
struct RecordedChip: SimulatedI2cChip {
    var answers: [[UInt8]]

    mutating func take(_ bytes: [UInt8], at now: MonotonicInstant) -> Bool { true }

    mutating func send(_ count: Int, at now: MonotonicInstant) -> [UInt8]? {
        answers.count > 1 ? answers.removeFirst() : answers.first
    }
}

import DriverKit
import Drivers
import Vocabulary

/// A simulated GP8403 of a DFR0971 board.
public struct SimulatedDfr0971: SimulatedI2cChip {
    /// In 1/4095 of the range, by output.
    public private(set) var codes: [UInt16] = [0, 0]
    /// Whether the range is 10 V; 5 V after power-on.
    public private(set) var reachesTenVolts = false

    public init() {}

    public mutating func take(_ bytes: [UInt8], at now: MonotonicInstant) -> Bool {
        guard bytes.count == 3 else { return false }
        let code = (UInt16(bytes[2]) << 8 | UInt16(bytes[1])) >> 4
        switch bytes[0] {
        case 0x01: reachesTenVolts = bytes[1] == 0x11
        case 0x02: codes[0] = code
        case 0x04: codes[1] = code
        default: return false
        }
        return true
    }

    public mutating func send(_ count: Int, at now: MonotonicInstant) -> [UInt8]? { nil }
}

/// A simulated board for `dfr0971`; its second output may be another component's.
enum SimulatedDfr0971Output: SimulatedDevice {
    static let model = Dfr0971Driver.model

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        wiring.i2c.plug(SimulatedDfr0971(), at: try Dfr0971Driver.address(component.settings))
    }
}

import DriverKit
import Vocabulary

/// A driver for one chip on an I2C bus, which it needs for itself.
public protocol I2cChip: Driver {
    /// Those that the chip can have.
    static var addresses: ClosedRange<UInt8> { get }
}

extension I2cChip {
    /// Where the chip is.
    /// - Throws: `.invalidComponent`, naming the setting at fault.
    public static func address(_ settings: Settings) throws(DriverError) -> I2cAddress {
        try I2cAddress(settings, of: addresses)
    }

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        [try address(component.settings).claim]
    }

    /// - Parameter values: What was measured, by the source of its channel.
    static func answers(_ values: [String: DecimalNumber], for due: [DataChannel]) -> [Answer] {
        due.map { channel in
            channel.answer { () throws(DriverError) in
                guard let value = values[channel.source] else {
                    throw channel.unknownSource(among: values.keys.sorted())
                }
                return value
            }
        }
    }
}

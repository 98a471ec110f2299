import DriverKit

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
}

import DriverKit

extension DriverRegistry {
    /// Every driver that comes with Tidegate, one line each, in alphabetical order.
    public static let standard = DriverRegistry([
        GpioContactDriver.self,
        GpioPulseCounterDriver.self,
        GpioRelayDriver.self,
        ModbusMeterDriver.self,
    ])
}

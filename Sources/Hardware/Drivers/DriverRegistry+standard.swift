import DriverKit

extension DriverRegistry {
    /// Every driver that comes with Tidegate, one line each, in alphabetical order.
    public static let standard = DriverRegistry([
        Aht20Driver.self,
        Dfr0971Driver.self,
        Ds18b20Driver.self,
        DsmrP1Driver.self,
        GpioContactDriver.self,
        GpioPulseCounterDriver.self,
        GpioRelayDriver.self,
        HostHealthDriver.self,
        HwmonDriver.self,
        Iec62056MeterDriver.self,
        IioAdcDriver.self,
        IioSensorDriver.self,
        Ina3221Driver.self,
        MbusMeterDriver.self,
        ModbusContactDriver.self,
        ModbusMeterDriver.self,
        NutUpsDriver.self,
        Scd4xDriver.self,
        SmlMeterDriver.self,
        SunspecDriver.self,
        ThermalZoneDriver.self,
        VedirectDriver.self,
    ])
}

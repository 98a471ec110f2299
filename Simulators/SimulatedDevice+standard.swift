extension SimulatedWiring {
    /// One line for each model, in alphabetical order.
    static let twins: [any SimulatedDevice.Type] = [
        SimulatedDs18b20.self,
        SimulatedGpioContact.self,
        SimulatedGpioPulseCounter.self,
        SimulatedGpioRelay.self,
        SimulatedHostHealth.self,
        SimulatedHwmon.self,
        SimulatedIec62056Meter.self,
        SimulatedIioAdc.self,
        SimulatedIioSensor.self,
        SimulatedMbusMeter.self,
        SimulatedModbusContact.self,
        SimulatedModbusMeter.self,
        SimulatedP1Meter.self,
        SimulatedSmlMeter.self,
        SimulatedSunspec.self,
        SimulatedThermalZone.self,
        SimulatedVedirect.self,
    ]
}

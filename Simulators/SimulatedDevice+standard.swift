extension SimulatedWiring {
    /// One line for each model, in alphabetical order.
    static let twins: [any SimulatedDevice.Type] = [
        SimulatedAht20Sensor.self,
        SimulatedDfr0971Output.self,
        SimulatedDs18b20.self,
        SimulatedGpioContact.self,
        SimulatedGpioPulseCounter.self,
        SimulatedGpioRelay.self,
        SimulatedHostHealth.self,
        SimulatedHwmon.self,
        SimulatedIec62056Meter.self,
        SimulatedIioAdc.self,
        SimulatedIioSensor.self,
        SimulatedIna3221Sensor.self,
        SimulatedMbusMeter.self,
        SimulatedModbusContact.self,
        SimulatedModbusMeter.self,
        SimulatedNutUps.self,
        SimulatedP1Meter.self,
        SimulatedScd4xSensor.self,
        SimulatedSmlMeter.self,
        SimulatedSunspec.self,
        SimulatedThermalZone.self,
        SimulatedVedirect.self,
    ]
}

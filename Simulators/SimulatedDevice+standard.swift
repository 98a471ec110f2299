extension SimulatedWiring {
    /// One line for each model, in alphabetical order.
    static let twins: [any SimulatedDevice.Type] = [
        SimulatedGpioContact.self,
        SimulatedGpioPulseCounter.self,
        SimulatedGpioRelay.self,
        SimulatedModbusMeter.self,
    ]
}

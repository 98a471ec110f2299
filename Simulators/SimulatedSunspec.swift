import DriverKit
import Drivers
import Vocabulary

/// A simulated unit with SunSpec models: the common one, and that of the component's device, as often as its
/// instance says.
enum SimulatedSunspec: SimulatedDevice {
    static let model = SunspecDriver.model

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let settings = component.settings
        let bus = try settings.bus("bus")
        let number = try settings.unit("unit")
        let instance = Int(try settings.whole("instance"))
        let sources = try SunspecDriver.channels(offeredWith: settings).map(\.source)
        let world = SimulatedModbusMeter.Load(chance: &chance, sources: sources)
        let common = 40_002
        // All of a component's models are alike, so the last one is at a known place.
        let words = try SunspecDriver.sample(of: settings, at: common).words
        let address = common + 68 + (instance - 1) * words
        let sample = try SunspecDriver.sample(of: settings, at: address)
        wiring.buses.change(unit: number, on: bus) { unit in
            unit.hold([0x5375, 0x6E53, 1, 66], at: 40_000, function: .holdingRegisters)
            for index in 0..<instance {
                let place = UInt16(common + 68 + index * words)
                unit.hold(
                    [UInt16(sample.number), UInt16(words - 2)], at: place,
                    function: .holdingRegisters)
            }
            unit.hold([0xFFFF, 0], at: UInt16(address + words), function: .holdingRegisters)
            for register in sample.registers {
                let source = register.channel.source
                let channel = component.channels.first { $0.source == source }
                // Power factors are percent on the wire.
                let percent = register.channel.unit == .powerFactor ? -2 : 0
                let power = register.scaleAddress == nil ? 0 : register.channel.exponent - percent
                unit.show(
                    wiring.signal(world.signal(for: register.channel), for: channel),
                    in: Register(
                        channel: register.channel, function: register.function,
                        address: register.address, form: register.form,
                        scale: DecimalNumber(mantissa: 1, exponent: power + percent)))
                if let scaleAddress = register.scaleAddress {
                    unit.hold(
                        [UInt16(bitPattern: Int16(power))], at: scaleAddress,
                        function: .holdingRegisters)
                }
            }
        }
    }
}

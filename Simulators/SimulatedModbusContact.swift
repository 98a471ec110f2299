import DriverKit
import Drivers
import Vocabulary

/// Contacts of a simulated I/O board, each of which a person opens and closes every few minutes.
enum SimulatedModbusContact: SimulatedDevice {
    static let model = ModbusContactDriver.model

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let settings = component.settings
        let bus = try settings.bus("bus")
        let number = try settings.unit("unit")
        let function: ModbusRequest.Function =
            switch try settings.text("function") {
            case "coil": .coils
            case "input": .inputRegisters
            case "holding": .holdingRegisters
            default: .discreteInputs
            }
        // Contacts by register; bits stand alone.
        var registers: [UInt16: [Signal]] = [:]
        for node in settings["contacts"]?.list ?? [] {
            guard let whole = node["address"]?.number?.wholeSteps(exponent: 0),
                let address = UInt16(exactly: whole)
            else { continue }
            let bit = node["bit"]?.number?.wholeSteps(exponent: 0) ?? 0
            let period = Double.random(in: 40...240, using: &chance)
            let turns = Signal { $0.truncatingRemainder(dividingBy: 2 * period) < period ? 0 : 1 }
            let channel = component.channels.first { $0.source == node["name"]?.text }
            let isActiveLow = node["activeLow"]?.flag ?? false
            let shown = wiring.signal(turns, for: channel)
            registers[address, default: []].append(
                Signal { seconds in
                    let isOn = shown.value(at: MonotonicInstant(nanoseconds: Int64(seconds * 1e9)))
                    return (isOn >= 0.5) != isActiveLow ? Double(Int64(1) << bit) : 0
                })
        }
        wiring.buses.change(unit: number, on: bus) { unit in
            for (address, signals) in registers {
                let sum = Signal { seconds in
                    signals.reduce(0) {
                        $0 + $1.value(at: MonotonicInstant(nanoseconds: Int64(seconds * 1e9)))
                    }
                }
                unit.show(
                    sum,
                    in: Register(
                        channel: ChannelDescription(
                            source: "contacts", unit: .unitless, exponent: 0, title: "contacts"),
                        function: function, address: address, form: .uint16))
            }
        }
    }
}

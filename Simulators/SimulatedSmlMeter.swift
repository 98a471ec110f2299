import DriverKit
import Drivers
import Vocabulary

/// A simulated meter for `sml-meter`, which sends a telegram with all that the component may read.
struct SimulatedSmlMeter: SimulatedDevice, SimulatedMeter {
    static let model = SmlMeterDriver.model

    let period: Duration? = .seconds(1)
    private let house: SimulatedHousehold
    private let channels: [ChannelDescription]

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let meter = SimulatedSmlMeter(
            house: SimulatedHousehold(component, wiring, &chance),
            channels: try SmlMeterDriver.channels(offeredWith: component.settings))
        wiring.byteLines.plug(
            meter, named: component.name.text, on: try MeterLine(component.settings).address)
    }

    func telegram(at now: MonotonicInstant) -> [UInt8] {
        SmlWriter.telegram(
            channels.map { channel in
                let value = house.value(of: channel, at: now)
                return SmlWriter.Entry(
                    code: channel.code ?? "", unit: Self.units[channel.unit] ?? 255,
                    scaler: value.exponent, value: value.mantissa)
            })
    }

    /// Source: the DLMS Blue Book, 4.3.2.
    private static let units: [Unit: UInt8] = [
        .degree: 8, .celsius: 9, .cubicMetre: 13, .watt: 27, .voltAmpere: 28, .reactivePower: 29,
        .wattHour: 30, .varHour: 32, .ampere: 33, .volt: 35, .hertz: 44,
    ]
}

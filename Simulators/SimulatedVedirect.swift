import DriverKit
import Drivers
import Vocabulary

/// A simulated Victron device for `vedirect`, which sends its fields in two blocks by turns.
struct SimulatedVedirect: SimulatedDevice, SimulatedMeter {
    static let model = VedirectDriver.model

    let period: Duration? = .seconds(1)
    private let house: SimulatedHousehold
    private let channels: [ChannelDescription]
    private var isSecond = false

    private init(house: SimulatedHousehold, channels: [ChannelDescription]) {
        (self.house, self.channels) = (house, channels)
    }

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let meter = SimulatedVedirect(
            house: SimulatedHousehold(component, wiring, &chance),
            channels: try VedirectDriver.channels(offeredWith: component.settings))
        wiring.byteLines.plug(
            meter, named: component.name.text, on: try MeterLine(component.settings).address)
    }

    mutating func telegram(at now: MonotonicInstant) -> [UInt8] {
        defer { isSecond.toggle() }
        let half = channels.count / 2
        let part = isSecond ? channels[half...] : channels[..<half]
        let fields = part.map { channel in
            "\r\n\(channel.code ?? "")\t\(written(channel, at: now))"
        }
        let bytes = Array((fields.joined() + "\r\nChecksum\t").utf8)
        return bytes + [0 &- bytes.reduce(0, &+)]
    }

    /// What one of the numbers in a field is, as 10 to this power of the channel's unit.
    private static let powers: [Unit: Int] = [
        .volt: -3, .ampere: -3, .percent: -1, .ampereHour: -3, .wattHour: 1,
    ]

    private func written(_ channel: ChannelDescription, at now: MonotonicInstant) -> String {
        let value = house.value(of: channel, at: now)
        if channel.unit == .onOff { return value.mantissa == 0 ? "OFF" : "ON" }
        return "\(value.nearestSteps(exponent: Self.powers[channel.unit] ?? 0) ?? 0)"
    }
}

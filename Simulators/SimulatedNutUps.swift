import DriverKit
import Drivers
import Vocabulary

/// A simulated server of Network UPS Tools with one UPS.
public struct SimulatedUpsd: SimulatedMeter {
    /// The UPS's name.
    public let ups: String
    /// The code of a refusal, `"DATA-STALE"`, which answers all requests for variables meanwhile.
    public var refusal: String?
    private let variables: @Sendable (MonotonicInstant) -> [(name: String, value: String)]
    private var input: [UInt8] = []

    /// - Parameter variables: What the UPS shows at a moment.
    public init(
        ups: String,
        variables: @escaping @Sendable (MonotonicInstant) -> [(name: String, value: String)]
    ) { (self.ups, self.variables) = (ups, variables) }

    public mutating func answer(_ bytes: [UInt8], at now: MonotonicInstant) -> [UInt8] {
        input = (input + bytes).suffix(256)
        guard input.last == UInt8(ascii: "\n") else { return [] }
        let request = String(decoding: input.dropLast(), as: UTF8.self)
        input = []
        switch request {
        case "LIST UPS":
            return Array("BEGIN LIST UPS\nUPS \(ups) \"simulated\"\nEND LIST UPS\n".utf8)
        case "LIST VAR \(ups)":
            if let refusal { return Array("ERR \(refusal)\n".utf8) }
            let lines = variables(now).map { "VAR \(ups) \($0.name) \"\($0.value)\"\n" }
            return Array(
                "BEGIN LIST VAR \(ups)\n\(lines.joined())END LIST VAR \(ups)\n".utf8)
        default:
            return Array(
                (request.hasPrefix("LIST VAR ") ? "ERR UNKNOWN-UPS\n" : "ERR UNKNOWN-COMMAND\n")
                    .utf8)
        }
    }
}

/// A simulated UPS for `nut-ups`, on the mains and almost full.
enum SimulatedNutUps: SimulatedDevice {
    static let model = NutUpsDriver.model

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let place = try NutUpsDriver.Place(component.settings)
        let phase = Double.random(in: 0..<1, using: &chance)
        let signals = NutUpsDriver.description.channels.filter { $0.unit != .onOff }.map {
            channel in
            let (mean, swing) = usual(channel)
            let wave = Signal.wave(mean: mean, swing: swing, period: .seconds(1_800), phase: phase)
            let known = component.channels.first { $0.source == channel.source }
            return (channel, wiring.signal(wave, for: known))
        }
        let server = SimulatedUpsd(ups: place.ups) { now in
            [(name: "ups.status", value: "OL CHRG")]
                + signals.map { channel, signal in
                    let steps = wholeSteps(signal.value(at: now), places: -channel.exponent)
                    let number = DecimalNumber(mantissa: steps, exponent: channel.exponent)
                    return (name: channel.code ?? "", value: "\(number)")
                }
        }
        wiring.byteLines.plug(server, named: component.name.text, on: place.address)
    }

    private static func usual(_ channel: ChannelDescription) -> (mean: Double, swing: Double) {
        switch (channel.source, channel.unit) {
        case ("charge", _): (97, 3)
        case ("battery-voltage", _): (27.2, 0.3)
        case (_, .percent): (30, 10)
        case (_, .second): (1_800, 300)
        case (_, .volt): (230, 3)
        case (_, .hertz): (50, 0.03)
        case (_, .celsius): (28, 3)
        case (_, .ampere): (0.9, 0.2)
        default: (200, 50)
        }
    }
}

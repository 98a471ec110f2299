import DriverKit
import Vocabulary

/// One of the two outputs of a DFR0971 board, whose chip is a GP8403: 0 to 10 V.
///
/// The chip can be written and not read, and forgets its outputs with its supply. What is confirmed is that
/// it acknowledged, and each poll sends the voltage again.
public struct Dfr0971Driver: I2cChip, Actuator {
    public static let description = DriverDescription(
        model: DriverModel(known: "dfr0971"),
        title: "DFR0971 for an output of 0 to 10 V on an I2C bus", wire: "I2C", kinds: [.relay],
        settings: I2cAddress.settings(usual: 0x58, of: addresses) + [
            SettingDescription(
                "output", .whole(0...1), default: .number(DecimalNumber(mantissa: 0)),
                "Which of its two outputs: 0 for VOUT0, 1 for VOUT1.")
        ],
        channels: [
            ChannelDescription(
                source: "voltage", unit: .volt, exponent: -3, title: "Voltage at the output",
                plausibility: Plausibility(range: 0...10_000), capturePeriod: .seconds(300),
                captureDelta: 1)
        ],
        source: "Guestgood, GP8403 data sheet; DFRobot_GP8403")

    public static let addresses: ClosedRange<UInt8> = 0x58...0x5F
    private static let range: UInt8 = 0x01
    /// Both outputs reach up to 10 V.
    private static let tenVolts: UInt8 = 0x11
    private static let most: Int64 = 10_000

    private let address: I2cAddress
    private let device: any I2cDevice
    private let channel: DataChannel
    private let register: UInt8
    /// In the channel's steps; nil while the output is left as it was found.
    private var level: Int64?

    /// The board is shared by its two outputs.
    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        let address = try address(component.settings)
        guard component.safeState != .on else {
            throw DriverError(
                .invalidComponent,
                "component \(component.name): safeState on is no voltage; write off for 0 V, or hold"
            )
        }
        return [
            WireClaim(address.claim.wire, shared: "DFR0971"),
            WireClaim("\(address.claim.wire) output \(try component.settings.whole("output"))"),
        ]
    }

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        _ = try Self.claims(of: component)
        address = try Self.address(component.settings)
        channel = try component.onlyChannel()
        register = try component.settings.whole("output") == 0 ? 0x02 : 0x04
        device = try wiring.i2cDevice(address)
        if component.safeState != .hold { try send(0) }
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        guard let level else {
            return due.map { _ in
                .failure(
                    DriverError(
                        .noValue, "\(address): what the output had before the start is not known"))
            }
        }
        try send(level)
        return due.map { .success(Reading(channel: $0.name, value: level)) }
    }

    public mutating func apply(_ value: Int64) throws(DriverError) -> Reading {
        try send(value)
        return Reading(channel: channel.name, value: value)
    }

    /// - Parameter steps: In the channel's steps.
    private mutating func send(_ steps: Int64) throws(DriverError) {
        let volts = DecimalNumber(mantissa: steps, exponent: channel.exponent)
        guard let millivolts = volts.nearestSteps(exponent: -3),
            (0...Self.most).contains(millivolts)
        else {
            throw DriverError(
                .unsupported, "channel \(channel.name): \(volts) V must be from 0 to 10 V")
        }
        try device.write([Self.range, Self.tenVolts, 0x00])
        // Source: GP8403 data sheet: twelve bits, the low byte first, its low half unused.
        let word = UInt16(4_095 * millivolts / Self.most) << 4
        try device.write([register, UInt8(word & 0xFF), UInt8(word >> 8)])
        level = steps
    }
}

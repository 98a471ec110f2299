import Documents
import DriverKit
import Vocabulary

/// An INA3221 on an I2C bus: voltage, current and power of up to three supplies.
public struct Ina3221Driver: I2cChip {
    public static let description = DriverDescription(
        model: DriverModel(known: "ina3221"),
        title: "INA3221 for voltage, current and power of three supplies on an I2C bus",
        wire: "I2C", kinds: [.meter, .sensor],
        settings: I2cAddress.settings(usual: 0x40, of: addresses) + [
            SettingDescription(
                "shuntOhm", .decimal, default: .number(DecimalNumber(mantissa: 1, exponent: -1)),
                "The resistance of each shunt: 0.1 for R100."),
            SettingDescription(
                optional: "shuntsOhm", .list(.decimal),
                "Three resistances, where the shunts are not alike."),
        ],
        channels: (1...3).flatMap(channels(of:)),
        source: "Texas Instruments, INA3221 data sheet; drivers/hwmon/ina3221.c of Linux")

    private static func channels(of supply: Int) -> [ChannelDescription] {
        // Source: 26 V at most on the bus, ±163.8 mV on the shunt; 8 mV and 40 µV a step.
        [
            ChannelDescription(
                source: "voltage-\(supply)", unit: .volt, exponent: -3,
                title: "Voltage of supply \(supply)",
                plausibility: Plausibility(range: -100...26_100), captureDelta: 100,
                isDefault: supply == 1),
            ChannelDescription(
                source: "current-\(supply)", unit: .ampere, exponent: -6,
                title: "Current of supply \(supply)", captureDelta: 50_000,
                isDefault: supply == 1),
            ChannelDescription(
                source: "power-\(supply)", unit: .watt, exponent: -6,
                title: "Power of supply \(supply)", captureDelta: 500_000,
                isDefault: supply == 1),
        ]
    }

    public static let addresses: ClosedRange<UInt8> = 0x40...0x43
    private static let configuration: UInt8 = 0x00
    private static let maker: UInt8 = 0xFE
    private static let kind: UInt8 = 0xFF
    /// All three supplies, one sample of 1.1 ms each, again and again: what it is set to at power-on.
    private static let measuresAll: UInt16 = 0x7127
    /// So long until the first round of all six conversions is done.
    private static let roundPause: Duration = .milliseconds(10)
    /// ±163.8 mV in steps of 40 µV: at either end the current is larger than what can be measured.
    private static let mostSteps: Int64 = 4_095

    private let address: I2cAddress
    private let device: any I2cDevice
    /// In Ω, by supply.
    private let shunts: [Double]

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        _ = try shunts(component.settings)
        return [try address(component.settings).claim]
    }

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        address = try Self.address(component.settings)
        shunts = try Self.shunts(component.settings)
        device = try wiring.i2cDevice(address)
        let (maker, kind) = (try register(Self.maker), try register(Self.kind))
        guard maker == 0x5449, kind == 0x3220 else {
            throw DriverError(
                .notConnected,
                "\(address): is no INA3221, whose identification is 54 49 32 20, but "
                    + [maker, kind].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }.hex)
        }
        try configure()
    }

    private func configure() throws(DriverError) {
        let word = Self.measuresAll
        try device.write([Self.configuration, UInt8(word >> 8), UInt8(word & 0xFF)])
        device.pause(Self.roundPause)
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        // After a power cut of the chip alone it measures as before; another master may have changed it.
        let mode = try register(Self.configuration)
        guard mode == Self.measuresAll else {
            try configure()
            throw DriverError(
                .malformedReply,
                "\(address): was set to \([UInt8(mode >> 8), UInt8(mode & 0xFF)].hex) by another "
                    + "program, set to 71 27 again")
        }
        return due.map { channel in
            Answer { () throws(DriverError) in try channel.reading(try value(of: channel)) }
        }
    }

    private func value(of channel: DataChannel) throws(DriverError) -> Double {
        let parts = channel.source.split(separator: "-")
        guard parts.count == 2, let supply = Int(parts[1]), (1...3).contains(supply) else {
            throw channel.unknownSource(among: Self.description.channels.map(\.source))
        }
        switch parts[0] {
        case "voltage": return try volts(supply)
        case "current": return try amperes(supply)
        case "power": return try volts(supply) * amperes(supply)
        default: throw channel.unknownSource(among: Self.description.channels.map(\.source))
        }
    }

    private func volts(_ supply: Int) throws(DriverError) -> Double {
        Double(try steps(UInt8(supply * 2))) * 0.008
    }

    private func amperes(_ supply: Int) throws(DriverError) -> Double {
        let steps = try steps(UInt8(supply * 2 - 1))
        guard steps.magnitude < Self.mostSteps.magnitude else {
            throw DriverError(
                .noValue,
                "\(address): the current of supply \(supply) is beyond what its shunt of "
                    + "\(shunts[supply - 1]) Ω can show, 163.8 mV")
        }
        return Double(steps) * 0.000_04 / shunts[supply - 1]
    }

    /// A measurement: 13 bits with a sign, in the upper part of its register.
    private func steps(_ register: UInt8) throws(DriverError) -> Int64 {
        Int64(Int16(bitPattern: try self.register(register)) >> 3)
    }

    private func register(_ number: UInt8) throws(DriverError) -> UInt16 {
        let bytes = try device.read(2, after: [number])
        return UInt16(bytes[0]) << 8 | UInt16(bytes[1])
    }

    /// In Ω, by supply.
    /// - Throws: `.invalidComponent`, naming the setting at fault.
    public static func shunts(_ settings: Settings) throws(DriverError) -> [Double] {
        var shunts = [Double](repeating: try settings.decimal("shuntOhm").approximate, count: 3)
        if let list = settings["shuntsOhm"]?.list {
            shunts = list.compactMap { $0.number?.approximate }
        }
        guard shunts.count == 3, shunts.allSatisfy({ $0 > 0 && $0 < 1_000 }) else {
            throw settings.bad(
                settings["shuntsOhm"] == nil ? "shuntOhm" : "shuntsOhm",
                "above 0 Ω and below 1000 Ω, "
                    + (settings["shuntsOhm"] == nil ? "0.1" : "three of them"))
        }
        return shunts
    }
}

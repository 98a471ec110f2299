import DriverKit
import Vocabulary

/// What M-Bus meters measure. The raw value is the word for it in layouts.
enum MbusQuantity: String, Hashable, Sendable, CaseIterable {
    case energy, volume, power, flow
    case temperatureFlow = "temperature-flow"
    case temperatureReturn = "temperature-return"
    case temperatureDifference = "temperature-difference"
    case temperatureExternal = "temperature-external"
    case pressure, voltage, current
    case operatingTime = "operating-time"

    /// The channel of a current value, without tariffs.
    func channel(isDefault: Bool) -> ChannelDescription {
        let (unit, exponent, title): (Unit, Int, String) =
            switch self {
            case .energy: (.wattHour, 0, "Energy")
            case .volume: (.cubicMetre, -3, "Volume")
            case .power: (.watt, 0, "Power")
            case .flow: (.cubicMetrePerHour, -3, "Flow")
            case .temperatureFlow: (.celsius, -2, "Temperature of the flow")
            case .temperatureReturn: (.celsius, -2, "Temperature of the return")
            case .temperatureDifference: (.kelvin, -2, "Temperature difference")
            case .temperatureExternal: (.celsius, -2, "Temperature outside")
            case .pressure: (.bar, -3, "Pressure")
            case .voltage: (.volt, -1, "Voltage")
            case .current: (.ampere, -3, "Current")
            case .operatingTime: (.second, 0, "Time in operation")
            }
        return ChannelDescription(
            source: rawValue, unit: unit, exponent: exponent, title: title,
            plausibility: isCounter ? .meterTotal : .possible(unit, exponent: exponent),
            // Each poll costs a meter some of its battery.
            pollPeriod: .seconds(900), capturePeriod: .seconds(900), isDefault: isDefault)
    }

    var isCounter: Bool { self == .energy || self == .volume }

    /// What a value information block stands for.
    ///
    /// - Parameter block: The byte and its extensions.
    /// - Returns: Nil for what is not known, and for what an unknown extension makes something else.
    /// - Source: EN 13757-3, tables 10 (primary), 12 and 14 (extensions FD and FB), 15 (combinable).
    static func meaning(of block: [UInt8]) -> (MbusQuantity, MeterUnit)? {
        var rest = block.map { $0 & 0x7F }[...]
        guard let first = rest.popFirst() else { return nil }
        var meaning: Meaning?
        switch block.first {
        case 0xFB: meaning = rest.popFirst().flatMap(large)
        case 0xFD: meaning = rest.popFirst().flatMap(electric)
        default: meaning = primary(first)
        }
        guard var found = meaning else { return nil }
        for code in rest {
            switch code {
            case 0x70...0x77: found.power += Int(code) - 0x76
            case 0x7D: found.power += 3
            default: return nil
            }
        }
        return (
            found.quantity,
            MeterUnit(
                found.unit, found.quantity.channel(isDefault: false).unit,
                times: DecimalNumber(mantissa: found.factor, exponent: found.power),
                over: found.divisor)
        )
    }

    private struct Meaning {
        let quantity: MbusQuantity
        let unit: String
        var power: Int
        var factor: Int64 = 1
        var divisor: Int64 = 1
    }

    private static func primary(_ code: UInt8) -> Meaning? {
        let n = Int(code & 7)
        let short = Int(code & 3)
        return switch code {
        case 0x00...0x07: Meaning(quantity: .energy, unit: "Wh", power: n - 3)
        case 0x08...0x0F: Meaning(quantity: .energy, unit: "J", power: n, divisor: 3600)
        case 0x10...0x17: Meaning(quantity: .volume, unit: "m3", power: n - 6)
        case 0x24...0x27:
            Meaning(
                quantity: .operatingTime, unit: ["s", "min", "h", "d"][short], power: 0,
                factor: [1, 60, 3600, 86_400][short])
        case 0x28...0x2F: Meaning(quantity: .power, unit: "W", power: n - 3)
        case 0x30...0x37: Meaning(quantity: .power, unit: "J/h", power: n, divisor: 3600)
        case 0x38...0x3F: Meaning(quantity: .flow, unit: "m3/h", power: n - 6)
        case 0x40...0x47: Meaning(quantity: .flow, unit: "m3/min", power: n - 7, factor: 60)
        case 0x48...0x4F: Meaning(quantity: .flow, unit: "m3/s", power: n - 9, factor: 3600)
        case 0x58...0x5B: Meaning(quantity: .temperatureFlow, unit: "°C", power: short - 3)
        case 0x5C...0x5F: Meaning(quantity: .temperatureReturn, unit: "°C", power: short - 3)
        case 0x60...0x63: Meaning(quantity: .temperatureDifference, unit: "K", power: short - 3)
        case 0x64...0x67: Meaning(quantity: .temperatureExternal, unit: "°C", power: short - 3)
        case 0x68...0x6B: Meaning(quantity: .pressure, unit: "bar", power: short - 3)
        default: nil
        }
    }

    private static func large(_ code: UInt8) -> Meaning? {
        let n = Int(code & 1)
        return switch code {
        case 0x00, 0x01: Meaning(quantity: .energy, unit: "MWh", power: n - 1 + 6)
        case 0x08, 0x09: Meaning(quantity: .energy, unit: "GJ", power: n - 1 + 9, divisor: 3600)
        case 0x28, 0x29: Meaning(quantity: .power, unit: "MW", power: n - 1 + 6)
        default: nil
        }
    }

    private static func electric(_ code: UInt8) -> Meaning? {
        let n = Int(code & 0x0F)
        return switch code {
        case 0x40...0x4F: Meaning(quantity: .voltage, unit: "V", power: n - 9)
        case 0x50...0x5F: Meaning(quantity: .current, unit: "A", power: n - 12)
        default: nil
        }
    }
}

import DriverKit
import Drivers
import Vocabulary

/// A simulated M-Bus meter: answers requests to its primary or secondary address, one telegram after the other.
public struct SimulatedMbusUnit: SimulatedMeter {
    public let address: UInt8
    /// Identification, maker, version and medium as they cross the wire.
    public let id: [UInt8]
    /// Whether the line sends back what it is sent, as some level converters do.
    public var echoes = false
    /// So many requests are left without an answer.
    public var deafTo = 0

    /// The records of each telegram, without the mark that more follow.
    private let telegrams: @Sendable (MonotonicInstant) -> [[UInt8]]
    private var isSelected = false
    private var alternation: UInt8?
    private var next = 0

    /// - Parameter telegrams: The records of each.
    public init(address: UInt8, id: [UInt8], telegrams: [[UInt8]]) {
        self.init(address: address, id: id) { _ in telegrams }
    }

    init(
        address: UInt8, id: [UInt8],
        telegrams: @escaping @Sendable (MonotonicInstant) -> [[UInt8]]
    ) {
        (self.address, self.id, self.telegrams) = (address, id, telegrams)
    }

    public mutating func answer(_ bytes: [UInt8], at now: MonotonicInstant) -> [UInt8] {
        (echoes ? bytes : []) + reply(bytes, at: now)
    }

    private mutating func reply(_ bytes: [UInt8], at now: MonotonicInstant) -> [UInt8] {
        if bytes.count == 17, bytes[0] == 0x68, bytes[4] == 0x53, bytes[6] == 0x52 {
            isSelected = zip(bytes[7..<15], id).enumerated().allSatisfy { index, pair in
                pair.0 == 0xFF || pair.0 == pair.1
                    || index < 4 && pair.0 | 0x0F == pair.1 | 0x0F && pair.0 & 0x0F == 0x0F
            }
            if isSelected { (alternation, next) = (nil, 0) }
            return isSelected && !isDeaf() ? [0xE5] : []
        }
        guard bytes.count == 5, bytes[0] == 0x10, bytes[3] == bytes[1] &+ bytes[2],
            bytes[2] == address || bytes[2] == 0xFD && isSelected, !isDeaf()
        else { return [] }
        if bytes[1] == 0x40 {
            (alternation, next) = (nil, 0)
            if bytes[2] == 0xFD { isSelected = false }
            return [0xE5]
        }
        guard bytes[1] & 0x5F == 0x5B else { return [] }
        let all = telegrams(now)
        if alternation != nil, alternation != bytes[1] & 0x20 { next = (next + 1) % all.count }
        alternation = bytes[1] & 0x20
        let data = id + [0x2A, 0, 0, 0] + all[next] + (next + 1 < all.count ? [0x1F] : [])
        let body = [0x08, address, 0x72] + data
        let length = UInt8(truncatingIfNeeded: body.count)
        return [0x68, length, length, 0x68] + body + [body.reduce(0, &+), 0x16]
    }

    private mutating func isDeaf() -> Bool {
        deafTo -= 1
        return deafTo >= 0
    }
}

/// A simulated meter for `mbus-meter`, with every quantity that it may read, in two telegrams.
enum SimulatedMbusMeter: SimulatedDevice {
    static let model = MbusMeterDriver.model

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let house = SimulatedHousehold(component, wiring, &chance)
        let settings = component.settings
        let channels = try MbusMeterDriver.channels(offeredWith: settings)
        let places = try MbusMeterDriver.places(settings)
        let target = try MbusMeterDriver.target(settings)
        let meter = SimulatedMbusUnit(address: target.address, id: target.id) { now in
            let records = zip(channels, places).map { channel, place in
                record(place, house.value(of: channel, at: now), channel)
            }
            let half = records.count / 2
            return [Array(records[..<half].joined()), Array(records[half...].joined())]
        }
        wiring.byteLines.plug(
            meter, named: component.name.text, on: try MeterLine(settings).address)
    }

    private static func record(
        _ place: MbusMeterDriver.WirePlace, _ value: DecimalNumber, _ channel: ChannelDescription
    ) -> [UInt8] {
        var information: [UInt8] = [0x06 | UInt8(place.storage & 1) << 6]
        var (storage, tariff, subUnit) = (place.storage >> 1, place.tariff, place.subUnit)
        while storage != 0 || tariff != 0 || subUnit != 0 {
            information[information.count - 1] |= 0x80
            information.append(
                UInt8(storage & 0x0F) | UInt8(tariff & 3) << 4 | UInt8(subUnit & 1) << 6)
            (storage, tariff, subUnit) = (storage >> 4, tariff >> 2, subUnit >> 1)
        }
        let (unit, exponent) = units[place.quantity] ?? ([0x7F], 0)
        let number =
            DecimalNumber(mantissa: value.mantissa, exponent: value.exponent)
            .nearestSteps(exponent: exponent) ?? 0
        return information + unit
            + (0..<6).map { UInt8(truncatingIfNeeded: number >> Int64($0 * 8)) }
    }

    /// The value information of each quantity, and what one count of it is, as 10 to this power.
    private static let units: [String: (block: [UInt8], exponent: Int)] = [
        "energy": ([0x03], 0), "volume": ([0x13], -3), "power": ([0x2B], 0),
        "flow": ([0x3B], -3), "temperature-flow": ([0x59], -2), "temperature-return": ([0x5D], -2),
        "temperature-difference": ([0x61], -2), "temperature-external": ([0x65], -2),
        "pressure": ([0x68], -3), "voltage": ([0xFD, 0x48], -1), "current": ([0xFD, 0x59], -3),
        "operating-time": ([0x24], 0),
    ]
}

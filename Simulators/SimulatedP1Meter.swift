import DriverKit
import Drivers
import Vocabulary

/// A simulated meter for `dsmr-p1`: a Dutch one of version 5 with every sub-meter, encrypted where the
/// component has a key.
struct SimulatedP1Meter: SimulatedDevice, SimulatedMeter {
    static let model = DsmrP1Driver.model

    let period: Duration? = .seconds(1)
    private let house: SimulatedHousehold
    private let channels: [ChannelDescription]
    private let key: P1Key?
    /// How far its own clock is ahead of the monotonic one: it shows this machine's wall time as it was when the
    /// meter was plugged in.
    private let clockAhead: Int64
    private var counter: UInt32 = 0

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let settings = component.settings
        if settings["keyFile"] != nil {
            // The key of a meter that is not there is no secret.
            wiring.tree.set(try settings.text("keyFile"), P1Key.usualAuthentication)
        }
        let meter = SimulatedP1Meter(
            house: SimulatedHousehold(component, wiring, &chance),
            channels: try DsmrP1Driver.channels(offeredWith: settings),
            key: try DsmrP1Driver.key(settings, wiring.files), stamp: wiring.clock.timestamp)
        wiring.byteLines.plug(
            meter, named: component.name.text, on: try MeterLine(settings).address)
    }

    private init(
        house: SimulatedHousehold, channels: [ChannelDescription], key: P1Key?, stamp: Timestamp
    ) {
        (self.house, self.channels, self.key) = (house, channels, key)
        clockAhead = stamp.wall.nanoseconds - stamp.monotonic.nanoseconds
    }

    mutating func telegram(at now: MonotonicInstant) -> [UInt8] {
        let time = (now.nanoseconds + clockAhead) / 1_000_000_000
        // Sub-meters are read every five minutes, on the minute.
        let mark = time / 300 * 300
        let taken = MonotonicInstant(nanoseconds: mark * 1_000_000_000 - clockAhead)
        var text = "/TDG5SIMULATED\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(\(Self.date(time)))\r\n"
        for channel in channels where !Self.isSum(channel.source) {
            let value = house.value(of: channel, at: now)
            if let medium = Self.media[channel.source] {
                let n = medium.channel
                let then = house.value(of: channel, at: taken)
                text += "0-\(n):24.1.0(\(medium.number))\r\n"
                text += "0-\(n):24.2.1(\(Self.date(mark)))(\(Self.written(then, channel.unit)))\r\n"
            } else if let code = channel.code {
                text += "\(code)(\(Self.written(value, channel.unit)))\r\n"
            }
        }
        let body = Array((text + "!").utf8)
        let telegram = body + Array("\(Checksum.arc(body).hex.uppercased())\r\n".utf8)
        guard let key else { return telegram }
        counter &+= 1
        return P1Cipher.seal(
            telegram, title: Array("TDGsimul".utf8), counter: counter, with: key) ?? telegram
    }

    /// What Dutch meters do not send: the sums of what they send.
    private static func isSum(_ source: String) -> Bool {
        source.hasPrefix("power-active")
            || [
                "energy-import", "energy-export", "energy-reactive-import",
                "energy-reactive-export",
            ]
            .contains(source)
    }

    private static let media: [String: (channel: Int, number: String)] = [
        "gas": (1, "003"), "water": (2, "007"), "water-warm": (3, "006"), "heat": (4, "012"),
        "cooling": (5, "010"),
    ]

    private static func written(_ value: DecimalNumber, _ unit: Unit) -> String {
        let kilo = DecimalNumber(mantissa: value.mantissa, exponent: value.exponent - 3)
        return switch unit {
        case .wattHour: "\(kilo)*kWh"
        case .varHour: "\(kilo)*kvarh"
        case .watt: "\(kilo)*kW"
        case .reactivePower: "\(kilo)*kvar"
        case .volt: "\(value)*V"
        case .ampere: "\(value)*A"
        case .hertz: "\(value)*Hz"
        case .cubicMetre: "\(value)*m3"
        case .voltAmpere: "\(kilo)*kVA"
        default: "\(value)"
        }
    }

    /// A time of the meter's own clock, in seconds. It shows January for ever: only differences mean something.
    private static func date(_ seconds: Int64) -> String {
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "2601" + two(2 + max(0, seconds) / 86_400 % 28) + two(max(0, seconds) / 3600 % 24)
            + two(max(0, seconds) / 60 % 60) + two(max(0, seconds) % 60) + "W"
    }
}

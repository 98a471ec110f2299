import DriverKit
import Vocabulary

extension SunspecDevice {
    /// What such a device offers, whichever of its models the unit has.
    func channels(phases: Int, strings: Int) -> [ChannelDescription] {
        let lines = (1...phases).map { (suffix: "-l\($0)", words: ", L\($0)") }
        func each(_ make: (String, String) -> ChannelDescription) -> [ChannelDescription] {
            lines.map { make($0.suffix, $0.words) }
        }
        switch self {
        case .inverter:
            return each { Self.current("current" + $0, "Current" + $1) }
                + each { Self.voltage("voltage" + $0, "Voltage" + $1) } + Self.wholeInverter
        case .meter:
            let parts = [
                each { Self.current("current" + $0, "Current" + $1) },
                each { Self.voltage("voltage" + $0, "Voltage" + $1) },
                each { Self.power("power-active" + $0, "Active power taken" + $1) },
                each { Self.factor("power-factor" + $0, "Power factor" + $1) },
                each { Self.energy("energy-import" + $0, "Active energy taken" + $1) },
                each { Self.energy("energy-export" + $0, "Active energy given" + $1) },
            ]
            return parts.flatMap { $0 } + Self.wholeMeter
        case .storage:
            return [
                Self.channel("soc", .percent, -1, "State of charge", 0...100, delta: 1),
                Self.voltage("voltage", "Voltage", highest: 1_500),
                Self.power("power", "Power of the battery"), Self.state,
            ]
        case .strings:
            return (1...strings).flatMap { string in
                [
                    Self.current("dc\(string)-current", "Current, string \(string)"),
                    Self.voltage(
                        "dc\(string)-voltage", "Voltage, string \(string)", highest: 1_500),
                    Self.power("dc\(string)-power", "Power, string \(string)"),
                    Self.energy("dc\(string)-energy", "Energy, string \(string)"),
                ]
            }
        }
    }

    /// - Parameters:
    ///   - range: In the unit.
    ///   - delta: The same.
    private static func channel(
        _ source: String, _ unit: Unit, _ exponent: Int, _ title: String,
        _ range: ClosedRange<Int64>, delta: Int64? = nil, isSlow: Bool = false
    ) -> ChannelDescription {
        let steps = (0..<(-exponent)).reduce(Int64(1)) { product, _ in product * 10 }
        return ChannelDescription(
            source: source, unit: unit, exponent: exponent, title: title,
            plausibility: Plausibility(
                range: range.lowerBound * steps...range.upperBound * steps, isCounter: isSlow,
                register: isSlow ? CounterRegister() : nil),
            pollPeriod: isSlow ? .seconds(60) : .seconds(10),
            capturePeriod: isSlow ? .seconds(300) : .seconds(60),
            captureDelta: delta.map { $0 * steps })
    }

    private static func current(_ source: String, _ title: String) -> ChannelDescription {
        channel(source, .ampere, -2, title, -1_000...1_000)
    }

    private static func voltage(
        _ source: String, _ title: String, highest: Int64 = 300
    ) -> ChannelDescription { channel(source, .volt, -1, title, 0...highest, delta: 2) }

    private static func power(
        _ source: String, _ title: String, _ unit: Unit = .watt
    ) -> ChannelDescription {
        channel(
            source, unit, 0, title, -1_000_000...1_000_000, delta: unit == .watt ? 50 : nil)
    }

    private static func factor(_ source: String, _ title: String) -> ChannelDescription {
        channel(source, .powerFactor, -3, title, -1...1)
    }

    private static func energy(_ source: String, _ title: String) -> ChannelDescription {
        channel(source, .wattHour, 0, title, 0...10_000_000_000, isSlow: true)
    }

    private static let wholeInverter: [ChannelDescription] = [
        current("current-total", "Sum of currents"), power("power-active", "Active power given"),
        frequency, power("power-apparent", "Apparent power", .voltAmpere),
        power("power-reactive", "Reactive power", .reactivePower),
        factor("power-factor", "Power factor"), energy("energy-export", "Active energy given"),
        current("dc-current", "DC current"), voltage("dc-voltage", "DC voltage", highest: 1_500),
        power("dc-power", "DC power"),
        channel("temperature", .celsius, -1, "Temperature inside", -60...200, delta: 1), state,
    ]

    private static let wholeMeter: [ChannelDescription] = [
        current("current-total", "Sum of currents"), frequency,
        power("power-active-total", "Active power taken, all phases"),
        power("power-apparent-total", "Apparent power, all phases", .voltAmpere),
        power("power-reactive-total", "Reactive power, all phases", .reactivePower),
        factor("power-factor-total", "Power factor, all phases"),
        energy("energy-import", "Active energy taken"),
        energy("energy-export", "Active energy given"),
    ]

    private static let frequency = channel("frequency", .hertz, -2, "Mains frequency", 40...70)
    private static let state = channel(
        "state", .unitless, 0, "State, as `tidegate drivers sunspec` lists it", 0...65_534, delta: 1
    )
}

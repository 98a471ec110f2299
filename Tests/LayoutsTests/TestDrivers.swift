import DriverKit
import StandardCodecs
import Vocabulary

@testable import Layouts

/// Drivers that are never opened: layouts are checked without touching hardware.
extension Driver {
    fileprivate static var neverOpened: DriverError {
        DriverError(.notConnected, "a layout check opens nothing")
    }
}

/// One channel with a power-on value and a delta, as thermometers have.
struct TestThermometer: Driver {
    static let description = DriverDescription(
        model: DriverModel(known: "test-thermometer"), title: "A thermometer", wire: "1-wire",
        kinds: [.sensor],
        settings: [SettingDescription("sensor", .text, "The sensor's id.")],
        channels: [
            ChannelDescription(
                source: "temperature", unit: .celsius, exponent: -3, title: "Temperature",
                plausibility: Plausibility(
                    range: -55_000...125_000, largestStep: 5_400, powerOnValues: [85_000, 127_937]),
                captureDelta: 200)
        ], source: "none")

    static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        [WireClaim("1-wire sensor \(try component.settings.text("sensor"))")]
    }

    init(component: Component, wiring: any Wiring) throws(DriverError) { throw Self.neverOpened }

    mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] { throw Self.neverOpened }
}

/// A switch on a line.
struct TestRelay: Driver {
    static let description = DriverDescription(
        model: DriverModel(known: "test-relay"), title: "A relay", wire: "GPIO line",
        kinds: [.relay],
        settings: [
            SettingDescription("line", .line, "The line."),
            SettingDescription("activeLow", .flag, default: .flag(false), "Low means on."),
        ],
        channels: [
            ChannelDescription(
                source: "state", unit: .onOff, exponent: 0, title: "State",
                plausibility: Plausibility(range: 0...1), pollPeriod: .seconds(1))
        ], source: "none")

    static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        [WireClaim("GPIO line \(try component.settings.line("line"))")]
    }

    init(component: Component, wiring: any Wiring) throws(DriverError) { throw Self.neverOpened }

    mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] { throw Self.neverOpened }
}

/// Two channels without deltas on a bus, each a request of its own.
struct TestMeter: Driver {
    static let description = DriverDescription(
        model: DriverModel(known: "test-meter"), title: "A meter", wire: "Modbus",
        kinds: [.meter, .sensor],
        settings: [
            SettingDescription("bus", .bus, "The bus."),
            SettingDescription("unit", .whole(1...247), "The unit."),
            SettingDescription(
                "extra", .list(.group([SettingDescription("backup", .bus, "Another bus.")])),
                default: .array([]), "Buses further down."),
        ],
        channels: [
            ChannelDescription(
                source: "power-active", unit: .watt, exponent: -1, title: "Power",
                pollPeriod: .seconds(1)),
            ChannelDescription(
                source: "energy-import", unit: .wattHour, exponent: 0, title: "Energy",
                plausibility: Plausibility(range: 0 ... .max, isCounter: true)),
        ], source: "none")

    static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        let bus = try component.settings.bus("bus")
        let unit = try component.settings.whole("unit")
        return component.channels.map { WireClaim("bus \(bus) unit \(unit) \($0.source)") }
    }

    static func traffic(of component: Component) throws(DriverError) -> [BusTraffic] {
        let bus = try component.settings.bus("bus")
        return component.channels.map {
            BusTraffic(bus: bus, every: $0.pollPeriod, requestBytes: 8, replyBytes: 9)
        }
    }

    init(component: Component, wiring: any Wiring) throws(DriverError) { throw Self.neverOpened }

    mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] { throw Self.neverOpened }
}

extension DriverRegistry {
    static let testing = DriverRegistry([TestMeter.self, TestRelay.self, TestThermometer.self])
}

/// Reads `text` with the test drivers.
func read(_ text: String) -> (layout: HardwareLayout?, problems: [String]) {
    let (layout, problems) = LayoutReader.read(
        Array(text.utf8), registry: .testing, codecs: .standard)
    return (layout, problems.map(\.description))
}

/// A layout of one thermometer whose only channel says what `channel` says.
func thermometer(channel: String) -> String {
    """
    {"gateway": "d1.test", "nodes": [{"name": "tank", "kind": "sensor",
    "component": {"driver": "test-thermometer", "sensor": "28-1"}, "channels": [{\(channel)}]}]}
    """
}

import DriverKit
import Vocabulary

/// A thermal zone of the kernel, such as the processor's own thermometer.
public struct ThermalZoneDriver: Driver {
    public static let description = DriverDescription(
        model: DriverModel(known: "thermal-zone"),
        title: "Thermal zone of the kernel, such as the processor's temperature",
        wire: "sysfs", kinds: [.sensor],
        settings: [
            SettingDescription(
                "type", .text,
                "The content of /sys/class/thermal/thermal_zone*/type: \"cpu-thermal\"."),
            SettingDescription(
                optional: "zone", .text,
                "Which one, when several zones are of one type: \"thermal_zone1\"."),
        ],
        channels: [
            ChannelDescription(
                source: "temperature", unit: .celsius, exponent: -3, title: "Temperature",
                plausibility: Plausibility(range: -60_000...150_000), captureDelta: 1_000)
        ],
        source: "Documentation/ABI/testing/sysfs-class-thermal of Linux")

    private static let zones = DeviceClass(
        noun: "thermal zone", folder: "/sys/class/thermal", prefix: "thermal_zone",
        attribute: "type", narrowedBy: "zone, for example \"thermal_zone1\"")

    private let files: any AttributeFiles
    private let zone: ClassDevice

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        let zone = component.settings["zone"]?.text.map { " \($0)" } ?? ""
        return [WireClaim("thermal zone \(try component.settings.text("type"))\(zone)")]
    }

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        files = wiring.files
        zone = try ClassDevice(
            try component.settings.text("type"), of: Self.zones, on: wiring,
            numbered: component.settings["zone"]?.text)
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        try zone.confirm()
        let temperature = try files.number(of: "\(zone.folder)/temp").shifted(by: -3)
        return due.map { channel in channel.answer { temperature } }
    }
}

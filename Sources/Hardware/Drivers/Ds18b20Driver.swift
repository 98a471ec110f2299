import DriverKit
import Vocabulary

/// A DS18B20 thermometer behind the kernel's 1-wire driver. It steps by 1/16 °C.
///
/// A read blocks 0.78 s, the time of a conversion with 12 bits. The kernel shows a sensor that was
/// pulled out, or whose checksum was wrong, as an empty file.
public struct Ds18b20Driver: Driver {
    public static let description = DriverDescription(
        model: DriverModel(known: "ds18b20"),
        title: "DS18B20 thermometer on a 1-wire bus",
        wire: "1-wire", kinds: [.sensor],
        settings: [
            SettingDescription(
                "sensor", .text, "The sensor's id, as in /sys/bus/w1/devices: \"28-00000a1b2c3d\".")
        ],
        channels: [
            ChannelDescription(
                source: "temperature", unit: .celsius, exponent: -3, title: "Temperature",
                // Source: DS18B20 data sheet, "Temperature/Data Relationship": −55 °C to +125 °C,
                // and 85 °C in the register from power-on to the first conversion.
                plausibility: Plausibility(range: -55_000...125_000, powerOnValues: [85_000]),
                captureDelta: 100)
        ],
        source: "DS18B20 data sheet; Documentation/w1/slaves/w1_therm.rst of Linux")

    private static let devices = "/sys/bus/w1/devices"

    private let files: any AttributeFiles
    private let sensor: String
    /// Whether the kernel has an attribute for the temperature alone, as since Linux 5.8.
    private let hasTemperature: Bool

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        [WireClaim("1-wire sensor \(try sensor(of: component))")]
    }

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        files = wiring.files
        sensor = try Self.sensor(of: component)
        do throws(DriverError) {
            hasTemperature = try files.names(in: "\(Self.devices)/\(sensor)")
                .contains("temperature")
        } catch  where error.kind == .notConnected {
            throw Self.absent(sensor, wiring.classes)
        }
    }

    private static func absent(_ sensor: String, _ classes: DeviceClasses) -> DriverError {
        do throws(DriverError) {
            let others = try classes.names(in: devices).filter {
                $0.hasPrefix("28-") && $0 != sensor
            }
            return DriverError(
                .notConnected,
                "1-wire sensor \(sensor): is not on the bus, which shows "
                    + (others.isEmpty ? "no thermometer" : others.sorted().fewJoined))
        } catch {
            return DriverError(
                .notConnected,
                "1-wire sensor \(sensor): the kernel has no 1-wire bus (\(error.detail)); "
                    + "on a Raspberry Pi add dtoverlay=w1-gpio to config.txt")
        }
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        let temperature = hasTemperature ? try temperature() : try temperatureOfSlave()
        return due.map { channel in channel.answer { temperature } }
    }

    private func temperature() throws(DriverError) -> DecimalNumber {
        let text = try text(of: "temperature").trimmed
        guard let number = DecimalNumber(text) else { throw unreadable(text) }
        return number.shifted(by: -3)
    }

    /// Reads the older attribute: the nine bytes of the sensor's memory twice, first with the
    /// checksum's verdict, then with the temperature.
    private func temperatureOfSlave() throws(DriverError) -> DecimalNumber {
        let text = try text(of: "w1_slave")
        let lines = text.split(separator: "\n")
        guard lines.count == 2, let mark = lines[1].firstRange(of: "t=") else {
            throw unreadable(text)
        }
        guard lines[0].hasSuffix("YES") else {
            throw DriverError(.malformedReply, "1-wire sensor \(sensor): wrong checksum")
        }
        guard let number = DecimalNumber(lines[1][mark.upperBound...].trimmed) else {
            throw unreadable(text)
        }
        return number.shifted(by: -3)
    }

    private func text(of attribute: String) throws(DriverError) -> String {
        let text = try files.text(of: "\(Self.devices)/\(sensor)/\(attribute)")
        guard !text.isEmpty else {
            throw DriverError(
                .malformedReply,
                "1-wire sensor \(sensor): no valid answer; it is disconnected, "
                    + "or the checksum is wrong")
        }
        return text
    }

    private func unreadable(_ text: String) -> DriverError {
        DriverError(
            .malformedReply,
            "1-wire sensor \(sensor): \"\(text.trimmed.shortened)\" is not a temperature")
    }

    /// - Throws: `.invalidComponent` for what is no sensor's id, so that no path leads elsewhere.
    private static func sensor(of component: Component) throws(DriverError) -> String {
        let sensor = try component.settings.text("sensor")
        let parts = sensor.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count == 2, parts[1].count == 12,
            parts.allSatisfy({ $0.utf8.allSatisfy("0123456789abcdef".utf8.contains) })
        else {
            throw component.settings.bad("sensor", "a 1-wire id such as \"28-00000a1b2c3d\"")
        }
        return sensor
    }
}

import DriverKit
import Vocabulary

/// One input of an analogue-to-digital converter behind the kernel's Industrial I/O.
///
/// The voltage is (raw + offset) × scale, in millivolts; a conversion may turn it into what the
/// sensor at the input measures.
public struct IioAdcDriver: Driver {
    public static let description = DriverDescription(
        model: DriverModel(known: "iio-adc"),
        title:
            "Input of an analogue-to-digital converter: a voltage, a thermistor, or a linear sensor",
        wire: "sysfs", kinds: [.sensor],
        settings: [
            SettingDescription(
                "device", .text,
                "The content of /sys/bus/iio/devices/iio:device*/name: \"ads1015\"."),
            SettingDescription(
                "input", .text, "The input: \"voltage0\", or \"voltage0-voltage1\" for a pair."),
            DeviceAddress.setting,
            SettingDescription(
                optional: "thermistor", .group(Thermistor.settings),
                "The input is the middle of a divider of a thermistor and a fixed resistor."),
            SettingDescription(
                optional: "linear", .group(LinearScale.settings),
                "The input's voltage is linear in what the sensor measures."),
        ],
        channels: [], source: "Documentation/ABI/testing/sysfs-bus-iio of Linux")

    private static let converters = DeviceClass(
        noun: "IIO device", folder: "/sys/bus/iio/devices", prefix: "iio:device", attribute: "name",
        narrowedBy: DeviceAddress.example)

    private let files: any AttributeFiles
    /// The converter and its input, for messages.
    private let title: String
    private let device: ClassDevice
    private let raw: String
    private let offset: String?
    private let scale: String
    private let conversion: AnalogConversion

    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] {
        _ = try input(settings)
        return [try AnalogConversion(settings).channel]
    }

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        let address = try DeviceAddress(component.settings).map { " at \($0)" } ?? ""
        return [
            WireClaim(
                "IIO device \(try component.settings.text("device"))\(address) "
                    + "input \(try input(component.settings))")
        ]
    }

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        files = wiring.files
        conversion = try AnalogConversion(component.settings)
        let name = try component.settings.text("device")
        let input = try Self.input(component.settings)
        title = "IIO device \(name) \(input)"
        let device = try ClassDevice(
            name, of: Self.converters, on: wiring, at: try DeviceAddress(component.settings)?.folder
        )
        self.device = device
        let attributes = try files.names(in: device.folder)
        guard attributes.contains("in_\(input)_raw") else {
            let inputs = attributes.filter { $0.hasPrefix("in_voltage") && $0.hasSuffix("_raw") }
            throw DriverError(
                .notConnected,
                "IIO device \(name): has no input \(input); it has "
                    + inputs.map { $0.dropFirst(3).dropLast(4) }.joined(separator: ", "))
        }
        // An attribute is the input's own, or shared by all inputs of its type.
        let type = input.contains("-") ? "voltage-voltage" : "voltage"
        func attribute(_ name: String) -> String? {
            ["in_\(input)_\(name)", "in_\(type)_\(name)", "in_voltage_\(name)"]
                .first(where: attributes.contains).map { "\(device.folder)/\($0)" }
        }
        guard let scale = attribute("scale") else {
            throw DriverError(.notConnected, "\(title): the kernel shows no scale for it")
        }
        self.scale = scale
        offset = attribute("offset")
        raw = "\(device.folder)/in_\(input)_raw"
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        try device.confirm()
        let millivolts = try millivolts()
        return due.map { channel in
            Answer { () throws(DriverError) in
                switch conversion {
                case .none: try channel.reading(millivolts.shifted(by: -3))
                case .thermistor(let thermistor):
                    try channel.reading(try thermistor.temperature(at: millivolts, title))
                case .linear(let scale): try channel.reading(scale.value(at: millivolts))
                }
            }
        }
    }

    private func millivolts() throws(DriverError) -> DecimalNumber {
        // Read again in each round, because another program may change the converter's range.
        let scale = try files.number(of: scale)
        let offset =
            if let offset { try files.number(of: offset) } else { DecimalNumber(mantissa: 0) }
        let raw = try files.number(of: raw)
        guard let millivolts = raw.adding(offset)?.multiplied(by: scale) else {
            throw DriverError(
                .malformedReply, "\(title): (\(raw) + \(offset)) × \(scale) does not fit in 64 bits"
            )
        }
        return millivolts
    }

    /// - Throws: `.invalidComponent` for what is no voltage input, so that no path leads elsewhere.
    private static func input(_ settings: Settings) throws(DriverError) -> String {
        let input = try settings.text("input")
        let parts = input.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2,
            parts.allSatisfy({ $0.hasPrefix("voltage") && UInt8($0.dropFirst(7)) != nil })
        else {
            throw settings.bad("input", "an input such as \"voltage0\" or \"voltage0-voltage1\"")
        }
        return input
    }
}

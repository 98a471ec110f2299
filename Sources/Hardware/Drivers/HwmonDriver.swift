import DriverKit
import Vocabulary

/// One input of a hardware monitoring chip: a temperature, a fan, a voltage, a current, a power, an energy
/// or a humidity.
public struct HwmonDriver: Driver {
    public static let description = DriverDescription(
        model: DriverModel(known: "hwmon"),
        title: "Input of a hardware monitoring chip",
        wire: "sysfs", kinds: [.sensor],
        settings: [
            SettingDescription(
                "chip", .text, "The content of /sys/class/hwmon/hwmon*/name: \"lm75\"."),
            SettingDescription(
                "input", .text,
                "The chip's input: \"temp1\", \"fan1\", \"in0\", \"curr1\", \"power1\", "
                    + "\"energy1\", \"humidity1\"."),
            DeviceAddress.setting,
        ],
        channels: [], source: "Documentation/hwmon/sysfs-interface.rst of Linux")

    private static let chips = DeviceClass(
        noun: "hwmon chip", folder: "/sys/class/hwmon", prefix: "hwmon", attribute: "name",
        narrowedBy: DeviceAddress.example)

    /// The attribute with the value.
    private let value: String
    /// The attribute that says whether the sensor at the input is broken; nil when there is none.
    private let fault: String?
    private let input: HwmonInput
    private let chip: ClassDevice
    /// The chip, for messages.
    private let title: String
    private let files: any AttributeFiles

    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] {
        [try HwmonInput(settings).channel]
    }

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        let address = try DeviceAddress(component.settings).map { " at \($0)" } ?? ""
        return [
            WireClaim(
                "hwmon chip \(try component.settings.text("chip"))\(address) "
                    + "input \(try component.settings.text("input"))")
        ]
    }

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        files = wiring.files
        input = try HwmonInput(component.settings)
        let name = try component.settings.text("chip")
        let address = try DeviceAddress(component.settings)
        chip = try ClassDevice(
            name, of: Self.chips, on: wiring, at: address.map { "\($0.folder)/hwmon" })
        title = "hwmon chip \(name)"
        let attributes = try files.names(in: chip.folder)
        // Some power meters show only a mean.
        guard
            let value = ["\(input.name)_input", "\(input.name)_average"].first(
                where: attributes.contains)
        else {
            let inputs = attributes.filter { $0.hasSuffix("_input") }.map { $0.dropLast(6) }
            throw DriverError(
                .notConnected,
                "\(title): has no input \(input.name); it has "
                    + (inputs.isEmpty ? "none" : inputs.joined(separator: ", ")))
        }
        self.value = "\(chip.folder)/\(value)"
        let fault = "\(input.name)_fault"
        self.fault = attributes.contains(fault) ? "\(chip.folder)/\(fault)" : nil
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        try chip.confirm()
        if let fault, try files.line(of: fault) != "0" {
            throw DriverError(
                .malformedReply,
                "\(title): reports the sensor at \(input.name) as broken or missing")
        }
        let number = try files.number(of: value).shifted(by: input.channel.exponent)
        return due.map { channel in channel.answer { number } }
    }
}

/// What an input of a hardware monitoring chip measures, shown by its name.
struct HwmonInput {
    let name: String
    let channel: ChannelDescription

    /// - Throws: `.invalidComponent` for a name that no chip has.
    init(_ settings: Settings) throws(DriverError) {
        name = try settings.text("input")
        let kind = name.prefix { !$0.isWholeNumber }
        guard let channel = Self.channels[String(kind)],
            UInt16(name.dropFirst(kind.count)) != nil
        else {
            throw settings.bad(
                "input",
                Self.channels.keys.sorted().joined(separator: ", ") + ", each with a number")
        }
        self.channel = try Self.isShunt(kind, name, of: settings) ? Self.shunt : channel
    }

    /// The one chip whose shunt voltages the kernel shows in µV, not mV.
    ///
    /// Source: Documentation/hwmon/ina3221.rst of Linux, in4 to in7.
    private static func isShunt(
        _ kind: Substring, _ name: String, of settings: Settings
    ) throws(DriverError) -> Bool {
        guard try settings.text("chip") == "ina3221", kind == "in" else { return false }
        return UInt16(name.dropFirst(2)).map { (4...7).contains($0) } ?? false
    }

    private static let shunt = ChannelDescription(
        source: "voltage", unit: .volt, exponent: -6, title: "Voltage over the shunt",
        captureDelta: 1_000)

    /// What each kind of input shows, in the steps in which the kernel shows it.
    ///
    /// Source: Documentation/hwmon/sysfs-interface.rst of Linux.
    private static let channels: [String: ChannelDescription] = [
        "temp": ChannelDescription(
            source: "temperature", unit: .celsius, exponent: -3, title: "Temperature",
            plausibility: Plausibility(range: -60_000...300_000), captureDelta: 500),
        "fan": ChannelDescription(
            source: "fan-speed", unit: .revolutionPerMinute, exponent: 0, title: "Fan speed",
            plausibility: Plausibility(range: 0...100_000), captureDelta: 200),
        "in": ChannelDescription(
            source: "voltage", unit: .volt, exponent: -3, title: "Voltage", captureDelta: 100),
        "curr": ChannelDescription(
            source: "current", unit: .ampere, exponent: -3, title: "Current", captureDelta: 100),
        "power": ChannelDescription(
            source: "power", unit: .watt, exponent: -6, title: "Power", captureDelta: 1_000_000),
        "energy": ChannelDescription(
            source: "energy", unit: .joule, exponent: -6,
            title: "Energy since the chip was started",
            plausibility: Plausibility(range: 0 ... .max, isCounter: true)),
        "humidity": ChannelDescription(
            source: "humidity", unit: .percent, exponent: -3, title: "Relative humidity",
            plausibility: Plausibility(range: 0...100_000), captureDelta: 2_000),
    ]
}

import Documents
import DriverKit
import Vocabulary

/// A sensor behind the kernel's Industrial I/O: temperature, humidity, pressure, carbon dioxide, light,
/// current, power, distance, resistance.
public struct IioSensorDriver: Driver {
    public static let description = DriverDescription(
        model: DriverModel(known: "iio-sensor"),
        title: "Sensor chip of the kernel's Industrial I/O, such as BME280, SCD41, TMP117, BH1750",
        wire: "sysfs", kinds: [.sensor, .meter],
        settings: [
            SettingDescription(
                "device", .text,
                "The content of /sys/bus/iio/devices/iio:device*/name: \"bme280\"."),
            DeviceAddress.setting,
            SettingDescription(
                optional: "inputs", .list(.text),
                "What stands between in_ and _input or _raw: \"temp\", \"concentration_co2\", "
                    + "\"current3\"; may be left out for a chip that is known."),
        ],
        channels: [], source: "Documentation/ABI/testing/sysfs-bus-iio of Linux")

    private let files: any AttributeFiles
    private let device: ClassDevice
    /// Each channel's input, or why it has none, by the channel's source.
    private let inputs: [String: (power: Int, input: Result<IioInput, DriverError>)]
    private let sources: [String]

    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] { try quantities(settings).map(\.channel) }

    /// The kernel's name of each channel's input.
    public static func inputs(
        _ settings: Settings
    ) throws(DriverError) -> [(input: String, channel: ChannelDescription)] {
        try quantities(settings).map { ($0.input, $0.channel) }
    }

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        let name = try component.settings.text("device")
        let address = try DeviceAddress(component.settings).map { " at \($0)" } ?? ""
        return try quantities(component.settings).map {
            WireClaim("IIO device \(name)\(address) input \($0.input)")
        }
    }

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        files = wiring.files
        let name = try component.settings.text("device")
        device = try ClassDevice(
            name, of: IioInput.devices, on: wiring,
            at: try DeviceAddress(component.settings)?.folder)
        let attributes = try files.names(in: device.folder)
        var inputs: [String: (power: Int, input: Result<IioInput, DriverError>)] = [:]
        let quantities = try Self.quantities(component.settings)
        for quantity in quantities {
            let found = Self.input(quantity, of: name, in: device.folder, attributes)
            inputs[quantity.channel.source] = (quantity.power, found)
        }
        self.inputs = inputs
        sources = quantities.map(\.channel.source)
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        try device.confirm()
        // Each for itself: one attribute that cannot be read says nothing of the others.
        return due.map { channel in channel.answer { () throws(DriverError) in try value(channel) }
        }
    }

    private func value(_ channel: DataChannel) throws(DriverError) -> DecimalNumber {
        guard let (power, input) = inputs[channel.source] else {
            throw channel.unknownSource(among: sources)
        }
        return try input.get().value(in: files).shifted(by: power)
    }

    private static func input(
        _ quantity: IioQuantity, of name: String, in folder: String, _ attributes: [String]
    ) -> Result<IioInput, DriverError> {
        Result { () throws(DriverError) in
            if let found = try IioInput(
                quantity.input, of: quantity.types, in: folder, attributes,
                "IIO device \(name) \(quantity.input)")
            {
                return found
            }
            let others = IioInput.inputs(among: attributes)
            throw DriverError(
                .unsupported,
                "IIO device \(name): has no input \(quantity.input); it has "
                    + (others.isEmpty ? "none" : others.fewJoined)
                    + didYouMean(quantity.input, among: others))
        }
    }

    /// - Throws: `.invalidComponent` for an input that is none, one that is there twice, and for a chip that is
    ///   not known when none is given.
    private static func quantities(_ settings: Settings) throws(DriverError) -> [IioQuantity] {
        let name = try settings.text("device")
        let known = IioChips.inputs[name] ?? []
        guard let list = settings["inputs"]?.list else {
            guard !known.isEmpty else {
                throw settings.bad(
                    "inputs", "a list such as [\"temp\"] for a chip that is not known by its name")
            }
            return known.compactMap { IioQuantity($0.input, within: $0.range) }
        }
        var quantities: [IioQuantity] = []
        for node in list {
            let input = node.text ?? ""
            guard
                let quantity = IioQuantity(
                    input, within: known.first { $0.input == input }?.range)
            else {
                throw DriverError(
                    .invalidComponent,
                    "\(node.place.path): \(input.printable(limit: 60)) is no input of a sensor; "
                        + "inputs are \(IioQuantity.names), some with a number")
            }
            guard !quantities.contains(where: { $0.channel.source == quantity.channel.source })
            else {
                throw DriverError(
                    .invalidComponent, "\(node.place.path): \(input) is there twice")
            }
            quantities.append(quantity)
        }
        guard !quantities.isEmpty else { throw settings.bad("inputs", "at least one input") }
        return quantities
    }
}

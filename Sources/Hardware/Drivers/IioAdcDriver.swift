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
            ExponentialAverage.setting,
        ],
        channels: [], source: "Documentation/ABI/testing/sysfs-bus-iio of Linux")

    private let files: any AttributeFiles
    /// The converter and its input, for messages.
    private let title: String
    private let device: ClassDevice
    private let input: IioInput
    private let conversion: AnalogConversion
    private var average: ExponentialAverage

    public static func channels(
        offeredWith settings: Settings
    ) throws(DriverError) -> [ChannelDescription] {
        _ = try input(settings)
        _ = try ExponentialAverage(settings)
        return try AnalogConversion(settings).channels
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
        average = try ExponentialAverage(component.settings)
        let name = try component.settings.text("device")
        let input = try Self.input(component.settings)
        title = "IIO device \(name) \(input)"
        device = try ClassDevice(
            name, of: IioInput.devices, on: wiring,
            at: try DeviceAddress(component.settings)?.folder)
        let attributes = try files.names(in: device.folder)
        let types = (input.contains("-") ? ["voltage-voltage"] : []) + ["voltage"]
        guard let found = try IioInput(input, of: types, in: device.folder, attributes, title)
        else {
            let inputs = IioInput.inputs(among: attributes).filter { $0.hasPrefix("voltage") }
            throw DriverError(
                .notConnected,
                "IIO device \(name): has no input \(input); it has "
                    + inputs.joined(separator: ", "))
        }
        self.input = found
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        try device.confirm()
        let measured = try input.value(in: files)
        let fault: DriverError? =
            if case .thermistor(let thermistor) = conversion {
                thermistor.fault(at: measured.approximate, title)
            } else { nil }
        // What is no measurement is in no average, and neither is what was before it.
        if fault != nil { average.forget() }
        let averaged = fault == nil ? average.take(measured.approximate) : nil
        return due.map { channel in
            Answer { () throws(DriverError) in
                try reading(of: channel, measured, averaged ?? measured.approximate, fault)
            }
        }
    }

    private func reading(
        of channel: DataChannel, _ measured: DecimalNumber, _ millivolts: Double,
        _ fault: DriverError?
    ) throws(DriverError) -> Reading {
        if channel.source == "voltage" {
            return millivolts == measured.approximate
                ? try channel.reading(measured.shifted(by: -3))
                : try channel.reading(millivolts / 1_000)
        }
        if let fault { throw fault }
        switch conversion {
        case .none: throw channel.unknownSource(among: ["voltage"])
        case .thermistor(let thermistor):
            return try channel.reading(thermistor.temperature(at: millivolts))
        case .linear(let scale): return try channel.reading(scale.value(at: millivolts))
        }
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

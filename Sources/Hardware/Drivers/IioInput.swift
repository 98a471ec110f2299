import DriverKit
import Vocabulary

/// The kernel's attributes behind one input of an Industrial I/O device: a finished value, `in_temp_input`, or
/// a count with what makes a value of it, `in_voltage0_raw`, `in_voltage0_scale` and `in_voltage0_offset`.
///
/// - Source: Documentation/ABI/testing/sysfs-bus-iio of Linux.
struct IioInput {
    static let devices = DeviceClass(
        noun: "IIO device", folder: "/sys/bus/iio/devices", prefix: "iio:device", attribute: "name",
        narrowedBy: DeviceAddress.example)

    /// The device and its input, for messages.
    private let title: String
    private let value: String
    /// Nil for a finished value.
    private let scale: String?
    private let offset: String?

    /// - Parameters:
    ///   - input: What stands between `in_` and `_raw`: `"voltage0"`.
    ///   - type: What stands there for all inputs of its kind: `"voltage"`.
    ///   - attributes: The names in `folder`.
    /// - Returns: Nil when the device has no such input.
    /// - Throws: `.notConnected` when nothing says what a count stands for.
    init?(
        _ input: String, of type: [String], in folder: String, _ attributes: [String],
        _ title: String
    ) throws(DriverError) {
        self.title = title
        // An attribute is the input's own, or shared by all inputs of its type.
        func attribute(_ name: String) -> String? {
            ([input] + type).map { "in_\($0)_\(name)" }.first(where: attributes.contains).map {
                "\(folder)/\($0)"
            }
        }
        if attributes.contains("in_\(input)_input") {
            value = "\(folder)/in_\(input)_input"
            (scale, offset) = (nil, nil)
            return
        }
        guard attributes.contains("in_\(input)_raw") else { return nil }
        guard let scale = attribute("scale") else {
            throw DriverError(.notConnected, "\(title): the kernel shows no scale for it")
        }
        value = "\(folder)/in_\(input)_raw"
        (self.scale, offset) = (scale, attribute("offset"))
    }

    /// The inputs that a device has, as layouts write them.
    static func inputs(among attributes: [String]) -> [String] {
        var inputs: [String] = []
        for name in attributes where name.hasPrefix("in_") {
            guard let end = ["_input", "_raw"].first(where: name.hasSuffix) else { continue }
            let input = String(name.dropFirst(3).dropLast(end.count))
            if !inputs.contains(input) { inputs.append(input) }
        }
        return inputs
    }

    /// (raw + offset) × scale, or the finished value, in the kernel's unit for the type.
    ///
    /// - Throws: `.malformedReply` when an attribute holds no number, or none that can be; else as
    ///   `AttributeFiles.text(of:)`.
    func value(in files: any AttributeFiles) throws(DriverError) -> DecimalNumber {
        guard let scale else { return try files.number(of: value) }
        // Read again in each round, because another program may change the device's range.
        let scaling = try files.number(of: scale)
        let offset =
            if let offset { try files.number(of: offset) } else { DecimalNumber(mantissa: 0) }
        let raw = try files.number(of: value)
        // No converter has more bits, and the kernel's own counts have 32.
        guard let count = raw.nearestSteps(exponent: 0), Int32(exactly: count) != nil,
            let sum = raw.adding(offset), let product = sum.nearestProduct(with: scaling)
        else {
            throw DriverError(
                .malformedReply,
                "\(title): (\(raw) + \(offset)) × \(scaling) does not fit; raw has 32 bits at most")
        }
        return product
    }
}

import Documents
import DriverKit
import Vocabulary

extension AttributeFiles {
    /// The first line of an attribute, without blanks around it.
    /// - Throws: `.badReply` when the file is empty; else as `text(of:)`.
    func line(of path: String) throws(DriverError) -> String {
        let line = try text(of: path).prefix { $0 != "\n" }.trimmed
        guard !line.isEmpty else { throw DriverError(.badReply, "\(path): is empty") }
        return line
    }

    /// The number that an attribute holds.
    /// - Throws: `.badReply` when it holds anything else; else as `text(of:)`.
    func number(of path: String) throws(DriverError) -> DecimalNumber {
        let line = try line(of: path)
        guard let number = DecimalNumber(line) else {
            throw DriverError(.badReply, "\(path): \"\(line.shortened)\" is no number")
        }
        return number
    }
}

/// How to find a device of a class that the kernel numbers anew at each start.
struct DeviceSearch {
    /// What is looked for, for messages: `"hwmon chip"`.
    let noun: String
    /// The folder of the class: `/sys/class/hwmon`.
    let folder: String
    /// What numbered names start with: `hwmon`.
    let prefix: String
    /// The attribute by which a device is known: `name`.
    let attribute: String
    /// The setting that tells devices of one name apart, with an example.
    let narrowedBy: String

    /// The one device called `wanted`.
    ///
    /// - Parameter narrowedTo: The only numbered names that come into question; nil for all.
    /// - Returns: Its folder.
    /// - Throws: `.notConnected` when there is none; `.badComponent` when there are several.
    func folder(
        of wanted: String, in files: any AttributeFiles, narrowedTo: [String]? = nil
    ) throws(DriverError) -> String {
        var found: [String] = []
        var others: [String] = []
        for name in try files.names(in: folder) where name.hasPrefix(prefix) {
            if let narrowedTo, !narrowedTo.contains(name) { continue }
            // A device that goes while it is looked at, or has no name, is not the one.
            guard let called = try? files.line(of: "\(folder)/\(name)/\(attribute)") else {
                continue
            }
            if called == wanted { found.append(name) } else { others.append(called) }
        }
        guard let first = found.first else {
            let others = Set(others).sorted()
            let seen = others.isEmpty ? "none at all" : others.joined(separator: ", ")
            throw DriverError(
                .notConnected,
                "\(noun) \(wanted): is not in \(folder), which shows \(seen)"
                    + didYouMean(wanted, among: others))
        }
        guard found.count == 1 else {
            throw DriverError(
                .badComponent,
                "\(noun) \(wanted): \(found.joined(separator: " and ")) are called so; "
                    + "say which with \(narrowedBy)")
        }
        return "\(folder)/\(first)"
    }
}

extension StringProtocol {
    /// Without blanks and line ends around it.
    var trimmed: String {
        let isBlank: (Character) -> Bool = { $0.isWhitespace }
        guard let first = firstIndex(where: { !isBlank($0) }),
            let last = lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(self[first...last])
    }

    /// The start of it, short enough for a message.
    var shortened: String { count <= 60 ? String(self) : prefix(60) + "…" }
}

extension DecimalNumber {
    /// This number × 10^`places`, exactly.
    func shifted(by places: Int) -> DecimalNumber {
        DecimalNumber(mantissa: mantissa, exponent: exponent + places)
    }
}

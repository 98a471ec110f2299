import Documents
import Vocabulary

/// A component's settings, checked against their descriptions, with the defaults filled in.
///
/// The layout check has reported every problem before a driver is made. A driver that meets
/// one all the same, as in a test, gets `.invalidComponent`.
public struct Settings: Hashable, Sendable {
    /// Where they stand in the layout.
    public let place: Place
    private let values: [String: JsonNode]

    /// - Parameters:
    ///   - group: An object without problems.
    ///   - replacements: What stands in the place of what the object says, by the settings' names.
    ///   - usual: What holds where the object says nothing, before the defaults of `settings`.
    public init(
        _ group: JsonNode, described settings: [SettingDescription],
        replacing replacements: [String: JsonNode] = [:], usual: JsonNode? = nil
    ) {
        var values: [String: JsonNode] = [:]
        for setting in settings {
            if let node = replacements[setting.name] ?? group[setting.name]
                ?? usual?[setting.name]
            {
                values[setting.name] = node
            } else if let value = setting.defaultValue {
                values[setting.name] = JsonNode(value, at: group.place.below(setting.name))
            }
        }
        (place, self.values) = (group.place, values)
    }

    /// The settings that the two say something different about, by name. Where they stand makes no
    /// difference.
    public func differences(from other: Settings) -> [String] {
        Set(values.keys).union(other.values.keys).filter { name in
            guard let one = values[name], let two = other.values[name] else { return true }
            return !one.says(theSameAs: two)
        }.sorted()
    }

    /// Whether some setting, at whatever depth, is this text: the name of a bus, for instance.
    public func mention(_ text: String) -> Bool {
        func mentions(_ node: JsonNode) -> Bool {
            switch node.value {
            case .text(let other): other == text
            case .list(let nodes): nodes.contains(where: mentions)
            case .group(let members): members.contains { mentions($0.node) }
            case .null, .flag, .number: false
            }
        }
        return values.values.contains(where: mentions)
    }

    /// The setting as it stands in the layout; nil when it is absent and has no default.
    public subscript(name: String) -> JsonNode? { values[name] }

    // All of these throw `.invalidComponent` when the setting is absent or of another form. A layout that
    // was checked gives no reason to.

    /// A setting of the form `.text` or `.choice`.
    public func text(_ name: String) throws(DriverError) -> String {
        guard let text = values[name]?.text else { throw bad(name, "a text") }
        return text
    }

    /// A setting of the form `.flag`.
    public func flag(_ name: String) throws(DriverError) -> Bool {
        guard let flag = values[name]?.flag else { throw bad(name, "true or false") }
        return flag
    }

    /// A setting of the form `.unit`: the number of a Modbus unit.
    public func unit(_ name: String) throws(DriverError) -> UInt8 {
        guard let unit = UInt8(exactly: try whole(name)) else {
            throw bad(name, SettingForm.unit.words)
        }
        return unit
    }

    /// A setting of the form `.whole`; its range was checked with the layout.
    public func whole(_ name: String) throws(DriverError) -> Int64 {
        guard let whole = values[name]?.number?.wholeSteps(exponent: 0) else {
            throw bad(name, "a whole number")
        }
        return whole
    }

    /// A setting of the form `.decimal`, exactly as written.
    public func decimal(_ name: String) throws(DriverError) -> DecimalNumber {
        guard let number = values[name]?.number else { throw bad(name, "a number") }
        return number
    }

    /// A setting of the form `.duration`: `"500ms"`.
    public func duration(_ name: String) throws(DriverError) -> Duration {
        guard let duration = values[name]?.text.flatMap(Duration.init(layoutText:)) else {
            throw bad(name, "a duration such as \"500ms\"")
        }
        return duration
    }

    /// A setting of the form `.line`.
    public func line(_ name: String) throws(DriverError) -> LineAddress {
        guard let line = values[name]?.text.flatMap(LineAddress.init) else {
            throw bad(name, SettingForm.line.words)
        }
        return line
    }

    /// A setting of the form `.bus`: the name of a bus of the layout.
    public func bus(_ name: String) throws(DriverError) -> BusName {
        guard let bus = values[name]?.text.flatMap(BusName.init) else {
            throw bad(name, SettingForm.bus.words)
        }
        return bus
    }

    /// The error for a setting that is not what the driver needs.
    public func bad(_ name: String, _ wanted: String) -> DriverError {
        let found = values[name].map { "is \($0.value.quoted)" } ?? "is missing"
        return DriverError(
            .invalidComponent, "\(place.below(name).path): \(found), must be \(wanted)")
    }
}

import Documents
import DriverKit
import Vocabulary

extension HardwareLayout {
    /// What the layout says and probably does not mean, in layout order.
    ///
    /// - Parameter registry: The drivers that the layout was read with.
    public func doubts(registry: DriverRegistry) -> [Problem] {
        var units = NamedUnits()
        return nodes.flatMap { node -> [Problem] in
            guard let driver = registry[node.component.model] else { return [] }
            return driver.doubts(about: node.component.settings)
                + units.take(node, driver.description)
        }
    }
}

/// Which device each unit of a bus is, as far as components say.
///
/// Several nodes may read one device, each with the same driver and profile. A component with a list of
/// registers of its own does not say which device it reads.
private struct NamedUnits {
    private struct Device {
        let node: ShNodeName
        let model: DriverModel
        /// Nil for a driver without profiles.
        let profile: JsonNode?

        func isOther(than other: Device) -> Bool {
            if model != other.model { return true }
            guard let profile, let others = other.profile else { return false }
            return !profile.says(theSameAs: others)
        }
    }

    private struct Unit: Hashable {
        let bus: String
        let number: Int64
    }

    /// The first node of each unit.
    private var devices: [Unit: Device] = [:]

    /// - Returns: What to report when a unit that the node names is another device for a node before it.
    mutating func take(_ node: NodeLayout, _ driver: DriverDescription) -> [Problem] {
        let settings = node.component.settings
        var (bus, profile): (String?, JsonNode?) = (nil, nil)
        var units: [JsonNode] = []
        var hasProfiles = false
        for setting in driver.settings {
            switch setting.form {
            case .bus: bus = settings[setting.name]?.text
            case .unit: if let unit = settings[setting.name] { units.append(unit) }
            case .profile: (hasProfiles, profile) = (true, settings[setting.name])
            default: break
            }
        }
        guard let bus, profile != nil || !hasProfiles else { return [] }
        let device = Device(node: node.name, model: driver.model, profile: profile)
        return units.compactMap { unit in
            guard let number = unit.number?.wholeSteps(exponent: 0) else { return nil }
            let key = Unit(bus: bus, number: number)
            guard let first = devices[key] else {
                devices[key] = device
                return nil
            }
            guard device.isOther(than: first) else { return nil }
            let how = first.model == device.model ? "another profile" : "driver \(first.model)"
            return Problem(
                unit.place,
                "unit \(number) of bus \(bus) is also that of node \(first.node), with \(how); "
                    + "two devices of a bus need two units")
        }
    }
}

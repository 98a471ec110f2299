import Documents
import DriverKit
import Vocabulary

/// Which device of a kernel bus, for layouts with several of one name: `i2c/1-0048`.
struct DeviceAddress: CustomStringConvertible {
    static let setting = SettingDescription(
        optional: "address", .text,
        "Which one, when several have the same name: its bus and address, \"i2c/1-0048\".")

    static let example = "address, for example \"i2c/1-0048\""

    private let bus: String
    private let device: String

    /// - Returns: Nil when the setting is absent.
    /// - Throws: `.invalidComponent` when it is not of the form, so that no path leads elsewhere.
    init?(_ settings: Settings) throws(DriverError) {
        guard settings["address"] != nil else { return nil }
        let parts = try settings.text("address").split(
            separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !["", ".", ".."].contains($0) }) else {
            throw settings.bad("address", "BUS/DEVICE as under /sys/bus, such as \"i2c/1-0048\"")
        }
        (bus, device) = (String(parts[0]), String(parts[1]))
    }

    /// The device's own folder.
    var folder: String { "/sys/bus/\(bus)/devices/\(device)" }

    var description: String { "\(bus)/\(device)" }
}

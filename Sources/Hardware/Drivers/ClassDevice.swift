import Documents
import DriverKit
import Vocabulary

/// A class of devices that the kernel numbers again at each start, in the order in which they come.
struct DeviceClass {
    /// What its devices are, for messages: `"hwmon chip"`.
    let noun: String
    /// `/sys/class/hwmon`.
    let folder: String
    /// What the numbered names start with: `hwmon`.
    let prefix: String
    /// The attribute that says what a device is called: `name`.
    let attribute: String
    /// The setting that distinguishes devices of one name, with an example.
    let narrowedBy: String
}

/// One device of a class, found by what it is called.
struct ClassDevice {
    /// `/sys/class/hwmon/hwmon3`.
    let folder: String
    private let kind: DeviceClass
    private let name: String
    private let number: String
    private let place: String?
    private let files: any AttributeFiles

    /// Looks for the device called `name`.
    ///
    /// - Parameters:
    ///   - number: The numbered name that it must have; nil for any.
    ///   - place: The folder in which its numbered name must stand as well; nil for none.
    /// - Throws: `.notConnected` when there is none; `.invalidComponent` when there are several.
    init(
        _ name: String, of kind: DeviceClass, on wiring: any Wiring,
        numbered number: String? = nil, at place: String? = nil
    ) throws(DriverError) {
        files = wiring.files
        let there = try place.map { place throws(DriverError) in try wiring.files.names(in: place) }
        let devices = try wiring.classes.devices(
            in: kind.folder, numbered: kind.prefix, by: kind.attribute)
        func fits(_ candidate: String) -> Bool {
            number ?? candidate == candidate && there?.contains(candidate) ?? true
        }
        let found = (devices[name] ?? []).filter(fits)
        guard let first = found.first else {
            let others = devices.filter { $0.key != name && $0.value.contains(where: fits) }.keys
                .sorted()
            let seen = others.isEmpty ? "none at all" : others.fewJoined
            throw DriverError(
                .notConnected,
                "\(kind.noun) \(name): is not in \(place ?? kind.folder), which shows \(seen)"
                    + didYouMean(name, among: others))
        }
        guard found.count == 1 else {
            throw DriverError(
                .invalidComponent,
                "\(kind.noun) \(name): \(found.joined(separator: ", ")) have this name; "
                    + "choose one with \(kind.narrowedBy)")
        }
        (self.kind, self.name, self.number, self.place) = (kind, name, first, place)
        folder = "\(kind.folder)/\(first)"
        // The class may have changed since it was looked at.
        try confirm()
    }

    /// Makes sure that the number still is this device's. Another may have come in its place between
    /// two reads, and would be taken for it.
    /// - Throws: `.notConnected` when it is not.
    func confirm() throws(DriverError) {
        let called = try files.line(of: "\(folder)/\(kind.attribute)")
        var isHere = called == name
        if let place, isHere { isHere = try files.names(in: place).contains(number) }
        guard isHere else {
            throw DriverError(
                .notConnected, "\(kind.noun) \(name): \(number) is a different device now")
        }
    }
}

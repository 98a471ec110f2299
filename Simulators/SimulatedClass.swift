import DriverKit

/// A class of devices that the pretend kernel numbers in the order in which they come.
struct SimulatedClass {
    /// `/sys/class/hwmon`.
    let folder: String
    /// What the numbered names start with: `hwmon`.
    let prefix: String
    /// The attribute that says what a device is called.
    let attribute: String
    /// Where the numbered name stands again below the device's own folder: `/hwmon`.
    var part = ""
}

extension SimulatedFiles {
    /// The folder of a device called `device`, made with the next free number when there is none.
    ///
    /// - Parameters:
    ///   - number: The numbered name that it must have; nil for any.
    ///   - address: Bus and place there, `i2c/1-0048`, which tell devices of one name apart.
    func folder(
        of device: String, in kind: SimulatedClass, calledIn number: String? = nil,
        at address: String? = nil
    ) -> String {
        let place = address.map { address in
            let halves = address.split(separator: "/")
            return "/sys/bus/\(halves.first ?? "")/devices/\(halves.last ?? "")\(kind.part)"
        }
        for name in namesIfAny(in: place ?? kind.folder) where name.hasPrefix(kind.prefix) {
            let found = "\(kind.folder)/\(name)"
            // What has no such attribute is another device.
            let called = try? text(of: "\(found)/\(kind.attribute)")
            if called == device + "\n", number == nil || number == name { return found }
        }
        let taken = namesIfAny(in: kind.folder)
        let free = (0...taken.count).map { "\(kind.prefix)\($0)" }.first { !taken.contains($0) }
        let name = number ?? free ?? kind.prefix
        set("\(kind.folder)/\(name)/\(kind.attribute)", device + "\n")
        if let place { set("\(place)/\(name)/\(kind.attribute)", device + "\n") }
        return "\(kind.folder)/\(name)"
    }

    private func namesIfAny(in folder: String) -> [String] {
        // An absent folder has nothing in it, which is all that matters here.
        (try? names(in: folder)) ?? []
    }
}

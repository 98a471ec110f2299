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

    /// What is known of a class after something was plugged in, so that the next one needs no look at all.
    struct Names {
        /// How many names the folder had.
        var count = 0
        /// The numbered names by what the devices are called.
        var called: [String: [String]] = [:]
        var taken: Set<String> = []
        /// The lowest number that may be free.
        var next = 0

        mutating func add(_ name: String, calling device: String) {
            called[device, default: []].append(name)
            taken.insert(name)
        }
    }
}

extension SimulatedFiles {
    /// The folder of a device called `device`, made with the next free number when there is none.
    ///
    /// - Parameters:
    ///   - number: The numbered name that it must have; nil for any.
    ///   - address: Bus and place there, `i2c/1-0048`, which distinguish devices of one name.
    func folder(
        of device: String, in kind: SimulatedClass, calledIn number: String? = nil,
        at address: String? = nil
    ) -> String {
        let place = address.map { address in
            let halves = address.split(separator: "/")
            return "/sys/bus/\(halves.first ?? "")/devices/\(halves.last ?? "")\(kind.part)"
        }
        let there = place.map(namesIfAny)
        var names = takeNames(of: kind)
        defer { classes.withLock { [names] in $0[kind.folder] = names } }
        for name in names.called[device] ?? [] {
            guard number ?? name == name, there?.contains(name) ?? true else { continue }
            return "\(kind.folder)/\(name)"
        }
        while number == nil, names.taken.contains("\(kind.prefix)\(names.next)") {
            names.next += 1
        }
        let name = number ?? "\(kind.prefix)\(names.next)"
        set("\(kind.folder)/\(name)/\(kind.attribute)", device + "\n")
        if let place { set("\(place)/\(name)/\(kind.attribute)", device + "\n") }
        names.add(name, calling: device)
        names.count = count(in: kind.folder)
        return "\(kind.folder)/\(name)"
    }

    /// What is known of a class, for one owner at a time, who gives it back.
    private func takeNames(of kind: SimulatedClass) -> SimulatedClass.Names {
        let known = classes.withLock { $0.removeValue(forKey: kind.folder) }
        let count = count(in: kind.folder)
        if let known, known.count == count { return known }
        var names = SimulatedClass.Names(count: count)
        for name in namesIfAny(in: kind.folder) where name.hasPrefix(kind.prefix) {
            // What has no such attribute is another device.
            let text = try? text(of: "\(kind.folder)/\(name)/\(kind.attribute)")
            names.add(name, calling: String((text ?? "").prefix { $0 != "\n" }))
        }
        return names
    }

    private func namesIfAny(in folder: String) -> [String] {
        // An absent folder has nothing in it, which is all that matters here.
        (try? names(in: folder)) ?? []
    }
}

import DriverKit

/// What every tree of kernel files owes a driver.
public enum AttributeFilesConformance {
    /// The tree that the files under test must hold, path by path.
    public static let tree = [
        "/sys/class/hwmon/hwmon0/name": "lm75\n",
        "/sys/class/hwmon/hwmon0/temp1_input": "25500\n",
        "/sys/class/hwmon/hwmon10/name": "w1_slave_temp\n",
        "/sys/class/hwmon/hwmon10/empty": "",
    ]

    /// Returns every promise that `files` break; none when all is well.
    public static func broken(by files: any AttributeFiles) -> [String] {
        var broken: [String] = []
        for (path, text) in tree.sorted(by: { $0.key < $1.key }) {
            do {
                let found = try files.text(of: path)
                if found != text { broken.append("\(path): \"\(found)\" should be \"\(text)\"") }
            } catch {
                broken.append("\(path): \(error.kind), \(error.detail)")
            }
        }
        do {
            let names = try files.names(in: "/sys/class/hwmon")
            if names != ["hwmon0", "hwmon10"] { broken.append("the folders are \(names)") }
            let attributes = try files.names(in: "/sys/class/hwmon/hwmon0")
            if attributes != ["name", "temp1_input"] {
                broken.append("the files are \(attributes)")
            }
            let space = try files.space(at: "/sys/class/hwmon")
            if space.total <= 0 || !(0...space.total).contains(space.available) {
                broken.append("the space is \(space)")
            }
        } catch {
            broken.append("\(error.kind), \(error.detail)")
        }
        let absent = "/sys/class/hwmon/hwmon1"
        let questions: [(String, () throws(DriverError) -> Void)] = [
            ("text", { () throws(DriverError) in _ = try files.text(of: "\(absent)/name") }),
            ("names", { () throws(DriverError) in _ = try files.names(in: absent) }),
        ]
        for (what, ask) in questions {
            do {
                try ask()
                broken.append("it has \(what) of what is not there")
            } catch {
                if error.kind != .notConnected || !error.detail.contains(absent) {
                    broken.append("\(what) of what is not there: \(error.kind), \(error.detail)")
                }
            }
        }
        return broken
    }
}

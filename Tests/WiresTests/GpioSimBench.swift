import Conformance
import DriverKit
import Foundation

/// The kernel's gpio-sim chip `sim0`, labelled edge-relays, which the machine of a real-input check has.
enum GpioSimBench {
    private static let control = "/sys/kernel/config/gpio-sim/sim0"

    /// Whether the chip is there and may be used.
    static var isOurs: Bool { isThere && getuid() == 0 }

    /// Whether the chip is there and must not be opened.
    static var isForbidden: Bool { isThere && getuid() != 0 }

    private static var isThere: Bool {
        FileManager.default.fileExists(atPath: control + "/live")
    }

    static let bench = LineBench(
        chip: "edge-relays", output: LineAddress("edge-relays/4")!,
        input: LineAddress("edge-relays/0")!,
        push: { write($1 ? "pull-up" : "pull-down", attribute("pull", of: $0)) },
        level: { read(attribute("value", of: $0)) == "1" },
        unplug: { write("0", control + "/live") }, plug: { write("1", control + "/live") })

    private static func attribute(_ name: String, of line: LineAddress) -> String {
        let chip = read(control + "/bank/chip_name")
        let offset = line.description.split(separator: "/").last ?? ""
        return
            "/sys/devices/platform/\(read(control + "/dev_name"))/\(chip)/sim_gpio\(offset)/\(name)"
    }

    private static func read(_ path: String) -> String {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func write(_ text: String, _ path: String) {
        guard let file = FileHandle(forWritingAtPath: path) else { return }
        try? file.write(contentsOf: Data(text.utf8))
    }
}

import Foundation
import Testing

@testable import tidegate

@Suite struct `A systemd unit` {
    private static let analyze = "/usr/bin/systemd-analyze"

    private func unit(
        program: String = "/usr/bin/tidegate", layout: String = "/etc/tidegate/house.json",
        groups: [String] = ["gpio", "dialout"]
    ) -> [String] {
        ServiceUnit(program: program, layout: layout, groups: groups).lines
    }

    @Test func `starts the gateway again whatever ends it, and asks it for signs of life`() {
        let unit = unit()
        #expect(unit.contains("ExecStart=/usr/bin/tidegate run /etc/tidegate/house.json"))
        for line in [
            "Type=notify", "Restart=always", "StartLimitIntervalSec=0", "WatchdogSec=30",
            "ExecReload=/bin/kill -HUP $MAINPID", "SupplementaryGroups=gpio dialout",
        ] {
            #expect(unit.contains(line), "\(line)")
        }
    }

    @Test func `names only groups that exist`() {
        #expect(!unit(groups: []).contains { $0.hasPrefix("SupplementaryGroups") })
        #expect(Machine.hasGroup("root"))
        #expect(!Machine.hasGroup("nobody-has-this-group"))
    }

    @Test func `keeps what systemd would read into a path out of it`() {
        let unit = unit(program: "/opt/the house/tidegate", layout: #"/etc/100%/a"b\c$d.json"#)
        #expect(
            unit.contains(
                #"ExecStart="/opt/the house/tidegate" run "/etc/100%%/a\"b\\c$$d.json""#))
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: Self.analyze)))
    func `is safe in the eyes of systemd itself`() throws {
        let path = NSTemporaryDirectory() + "tidegate-\(UUID().uuidString.prefix(8)).service"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let text = unit(program: "/bin/true", groups: []).joined(separator: "\n") + "\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let process = Process()
        let said = Pipe()
        process.executableURL = URL(fileURLWithPath: Self.analyze)
        process.arguments = ["security", "--offline=true", "--threshold=25", path]
        process.standardOutput = said
        process.standardError = said
        try process.run()
        let verdict = String(
            decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(verdict)")
    }
}

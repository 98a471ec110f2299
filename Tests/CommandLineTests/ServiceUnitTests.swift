import Foundation
import TestMachine
import Testing
import Vocabulary

@testable import CommandLine
@testable import Host

@Suite struct `A systemd unit` {
    private static let analyze = "/usr/bin/systemd-analyze"

    private func unit(
        program: String = "/usr/bin/tidegate", layout: String = "/etc/tidegate/house.json",
        groups: [String] = ["gpio", "dialout"], secrets: [SecretSource] = []
    ) -> [String] {
        ServiceUnit(program: program, layout: layout, groups: groups, secrets: secrets).lines
    }

    @Test func `hands over each secret, also one that is missing, under a name of its own`() {
        let paths = [
            "/etc/tidegate/mqtt.key", "/etc/a+b", "/etc/a/b", "/etc/100% of ü", "/etc/a=2bb",
            "/etc/a2bb",
        ]
        let unit = unit(secrets: paths.map(SecretSource.file) + [.credential("b.key")])
        #expect(
            unit.contains("LoadCredential=etc+tidegate+mqtt.key:/etc/tidegate/mqtt.key"))
        #expect(unit.contains("SetCredential=etc+tidegate+mqtt.key:\\n"))
        #expect(unit.contains { $0.hasSuffix(":/etc/100%% of ü") })
        #expect(unit.contains("LoadCredential=b.key:/etc/credstore/b.key"))
        let names = paths.map { SecretSource.file($0).credentialName }
        #expect(Set(names).count == paths.count)
        #expect(
            names.allSatisfy { $0.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x3A } })
    }

    @Test(arguments: [
        "gpiochip", "i2c", "spi", "ttyS", "ttyUSB", "ttyACM", "ttyAMA", "ttySC", "ttymxc", "ttyTHS",
        "ttyAML", "ttySTM", "ttyO", "rfcomm", "watchdog",
    ]) func `lets devices of each kind through`(kind: String) {
        #expect(unit().contains("DeviceAllow=char-\(kind) rw"))
    }

    @Test func `writes no core, which would hold secrets, and hides homes where it can`() {
        #expect(unit().contains("LimitCORE=0"))
        #expect(unit().contains("ProtectHome=yes"))
        #expect(unit(layout: "/home/anna/house.json").contains("ProtectHome=read-only"))
    }

    @Test func `restarts the gateway after every end, and expects heartbeats`() {
        let unit = unit()
        #expect(unit.contains("ExecStart=/usr/bin/tidegate run /etc/tidegate/house.json"))
        for line in [
            "Type=notify", "Restart=always", "StartLimitIntervalSec=0", "WatchdogSec=30",
            "ExecReload=/bin/kill -HUP $MAINPID", "SupplementaryGroups=gpio dialout",
        ] {
            #expect(unit.contains(line), "\(line)")
        }
    }

    @Test func `has a user whose name is no group's, so that there may be a group tidegate`() {
        #expect(unit(groups: ["tidegate"]).contains("User=tidegate-gateway"))
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

    @Test(.ownThread, .enabled(if: FileManager.default.isExecutableFile(atPath: Self.analyze)))
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

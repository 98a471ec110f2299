import ArgumentParser
import Glibc
import Layouts
import Vocabulary

struct ServiceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service", abstract: "Print a systemd unit that runs a layout.",
        discussion: """
            The unit starts the gateway at boot and again whenever it ends or hangs, and lets it do nothing \
            but its work. It counts as started once its nodes run and each relay has confirmed its safe \
            state; a relay whose device is open or hangs is waited for up to five seconds, one whose device \
            is not there is not, and the status names those that are not safe. A stop has ten seconds, of \
            which relays take at most five. To install it:
            tidegate service /etc/tidegate/house.json | sudo tee /etc/systemd/system/tidegate.service
            """)

    @Argument(help: "The layout file.", completion: .file(extensions: ["json"]))
    var layout: String

    func run() throws {
        let path = try absolute(layout)
        _ = try LoadedLayout.valid(path)
        guard let program = Machine.program else {
            Output.error("tidegate: cannot tell where this program lies")
            throw ExitStatus.software.code
        }
        let unit = ServiceUnit(
            program: program, layout: path,
            groups: ServiceUnit.hardwareGroups.filter(Machine.hasGroup))
        unit.lines.forEach(Output.line)
    }

    private func absolute(_ path: String) throws -> String {
        // Sound: the buffer that realpath makes is copied, and freed once.
        guard let found = unsafe realpath(path, nil) else {
            Output.error("tidegate: cannot read \(path)")
            throw ExitStatus.noInput.code
        }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }
}

/// A systemd unit for one layout.
///
/// Source: systemd.service(5), systemd.exec(5), systemd.resource-control(5).
struct ServiceUnit {
    /// Who may open GPIO lines, serial ports, I2C and SPI on Debian and Raspberry Pi OS.
    static let hardwareGroups = ["gpio", "dialout", "i2c", "spi"]

    let program: String
    let layout: String
    /// Only groups that exist: one that does not keeps the service from starting.
    let groups: [String]

    var lines: [String] {
        [
            "[Unit]",
            "Description=Tidegate, the gateway of \(Self.specifier(layout))",
            "After=time-set.target network.target",
            "# Relays wait for nobody's patience: it is started again for ever.",
            "StartLimitIntervalSec=0",
            "",
            "[Service]",
            "Type=notify",
            "NotifyAccess=main",
            "ExecStart=\(Self.word(program)) run \(Self.word(layout))",
            "ExecReload=/bin/kill -HUP $MAINPID",
            "Restart=always",
            "RestartSec=2",
            "WatchdogSec=30",
            "TimeoutStopSec=10",
            "",
            "DynamicUser=yes",
        ] + (groups.isEmpty ? [] : ["SupplementaryGroups=\(groups.joined(separator: " "))"]) + [
            "UMask=0077",
            "StateDirectory=tidegate",
            "StateDirectoryMode=0700",
            "RuntimeDirectory=tidegate",
            "RuntimeDirectoryMode=0700",
            "",
            "NoNewPrivileges=yes",
            "CapabilityBoundingSet=",
            "ProtectSystem=strict",
            "ProtectHome=read-only",
            "PrivateTmp=yes",
            "ProtectKernelTunables=yes",
            "ProtectKernelModules=yes",
            "ProtectKernelLogs=yes",
            "ProtectControlGroups=yes",
            "ProtectHostname=yes",
            "ProtectProc=invisible",
            "RestrictNamespaces=yes",
            "RestrictRealtime=yes",
            "RestrictSUIDSGID=yes",
            "LockPersonality=yes",
            "MemoryDenyWriteExecute=yes",
            "RemoveIPC=yes",
            "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
            "SystemCallArchitectures=native",
            "SystemCallErrorNumber=EPERM",
            "SystemCallFilter=@system-service",
            "SystemCallFilter=~@privileged",
            "# To ask, not to set: whether the clock is synchronised. ProtectClock= would forbid it.",
            "SystemCallFilter=adjtimex clock_adjtime",
            "# setpriv, which ties the embedded broker to this process, gives up its capabilities first.",
            "SystemCallFilter=capset",
            "DevicePolicy=closed",
        ]
            + ["gpiochip", "i2c", "spi", "ttyUSB", "ttyACM", "ttyAMA", "ttyS", "watchdog"].map {
                "DeviceAllow=char-\($0) rw"
            } + [
                "LimitNOFILE=65536",
                "MemoryMax=256M",
                "TasksMax=4096",
                "OOMScoreAdjust=-500",
                "",
                "[Install]",
                "WantedBy=multi-user.target",
            ]
    }

    /// A word of a command line: quoted, with what systemd would read into it taken away.
    private static func word(_ text: String) -> String {
        let plain = specifier(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("$", with: "$$")
        return plain.contains(where: { $0.isWhitespace || "\"'\\;".contains($0) })
            ? "\"\(plain)\"" : plain
    }

    private static func specifier(_ text: String) -> String { text.replacing("%", with: "%%") }
}

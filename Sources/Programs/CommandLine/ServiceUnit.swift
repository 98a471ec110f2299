import Host
import Vocabulary

/// A systemd unit for one layout.
///
/// Source: systemd.service(5), systemd.exec(5), systemd.resource-control(5).
struct ServiceUnit {
    /// Who may open GPIO lines, serial ports, I2C and SPI on Debian and Raspberry Pi OS.
    static let hardwareGroups = ["gpio", "dialout", "i2c", "spi"]

    /// What the kernel calls the devices that drivers open, as in /proc/devices.
    ///
    /// Source: the `dev_name` of the serial drivers in Linux 6.12, drivers/tty/serial and drivers/usb/serial.
    private static let devices =
        ["gpiochip", "i2c", "spi", "watchdog"]
        + [
            // 16550 and most of its kin, USB adapters, PL011, RS-485 boards with SC16IS7xx and MAX310x.
            "ttyS", "ttyUSB", "ttyACM", "ttyAMA", "ttySC", "ttyMAX",
            // i.MX, LPUART, Tegra, Amlogic, STM32, OMAP, Samsung, Qualcomm, Zynq, SiFive, UartLite, Bluetooth.
            "ttymxc", "ttyLP", "ttyTHS", "ttyAML", "ttySTM", "ttyO", "ttySAC", "ttyMSM", "ttyHS",
            "ttyPS", "ttySIF", "ttyUL", "rfcomm",
        ]

    /// The user that systemd makes for the service.
    ///
    /// Source: systemd, core/dynamic-user.c, which refuses the name of a group without a user of that name.
    private static let user = "tidegate-gateway"

    let program: String
    let layout: String
    /// Only groups that exist: one that does not keeps the service from starting.
    let groups: [String]
    /// Where the layout's secrets stand.
    var secrets: [SecretSource] = []

    var lines: [String] {
        [
            "[Unit]",
            "Description=Tidegate, the gateway of \(Self.specifier(layout))",
            "After=time-set.target network.target",
            "# No start limit: always restart.",
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
        ] + credentials + [
            "DynamicUser=yes",
            "# Not named as the unit: that may be the name of a group, and systemd makes no user of such a name.",
            "User=\(Self.user)",
        ] + (groups.isEmpty ? [] : ["SupplementaryGroups=\(groups.joined(separator: " "))"])
            + Self.sandbox + [
                // What lies in a user's home is all that is looked at there.
                "ProtectHome=\(isAtHome ? "read-only" : "yes")"
            ]
            + [
                "# 1-wire, IIO, hwmon and thermal zones are read in /sys, which needs no device.",
                "DevicePolicy=closed",
            ] + Self.devices.map { "DeviceAllow=char-\($0) rw" } + [
                "DeviceAllow=/dev/watchdog rw",
                "LimitNOFILE=65536",
                "# A core file would contain the secrets.",
                "LimitCORE=0",
                "MemoryMax=256M",
                "TasksMax=4096",
                "OOMScoreAdjust=-500",
                "",
                "[Install]",
                "WantedBy=multi-user.target",
            ]
    }

    /// Whether program or layout lie where ProtectHome= hides them.
    private var isAtHome: Bool {
        [program, layout].contains { path in
            ["/home/", "/root/", "/run/user/"].contains(where: path.hasPrefix)
        }
    }

    private var credentials: [String] {
        guard !secrets.isEmpty else { return [] }
        var lines = [
            "# Secrets of the layout: systemd reads them as root and passes copies to this service only. One that",
            "# is missing is empty, which only stops its upstream. Changes take effect at a restart.",
        ]
        for secret in secrets {
            let name = secret.credentialName
            let path: String
            switch secret {
            case .environment(let variable):
                lines.append(
                    "# The layout needs a secret in $\(variable): name an EnvironmentFile= here.")
                continue
            case .file(let file): path = file
            case .credential: path = "/etc/credstore/\(name)"
            }
            lines += [
                "LoadCredential=\(Self.specifier("\(name):\(path)"))",
                "SetCredential=\(Self.specifier(name)):\\n",
            ]
        }
        return lines + [""]
    }

    private static let sandbox = [
        "UMask=0077",
        "StateDirectory=tidegate",
        "StateDirectoryMode=0700",
        "RuntimeDirectory=tidegate",
        "RuntimeDirectoryMode=0700",
        "",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "PrivateTmp=yes",
        "PrivateMounts=yes",
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
        "# setpriv, which ties the embedded broker to this process, drops its capabilities first.",
        "SystemCallFilter=capset",
        "# To give the local control socket to group tidegate, and nothing else: that needs no capability.",
        "SystemCallFilter=chown lchown fchown fchownat",
    ]

    /// A word of a command line: quoted, with what systemd would read into it taken away.
    private static func word(_ text: String) -> String {
        let plain = specifier(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("$", with: "$$")
        return plain.contains(where: { $0.isWhitespace || "\"'\\;".contains($0) })
            ? "\"\(plain)\"" : plain
    }

    private static func specifier(_ text: String) -> String { text.replacing("%", with: "%%") }
}

import Documents
import DriverKit
import Vocabulary

extension LayoutSection {
    /// The whole document.
    package static func layout(_ codecs: CodecRegistry) -> LayoutSection {
        LayoutSection(noun: "a hardware layout", keys: layoutKeys(codecs))
    }

    /// The most nodes of a gateway: each takes a thread, and the unit that `tidegate service` prints allows
    /// 4,096. Nothing else of which a node has one at most can be more.
    static let mostNodes = 4_000
    /// The most upstreams of a gateway: each has a session and reads all channels.
    static let mostUpstreams = 100

    private static func layoutKeys(_ codecs: CodecRegistry) -> [LayoutKey] {
        [
            LayoutKey("$schema", .value(.text), .optional, "Where editors find this schema."),
            LayoutKey(
                "gateway", .text(.name(GatewayTag.self)), .required,
                "The gateway's alias, unique among all that share an upstream."),
            LayoutKey(
                "buses", .sections(.bus, most: mostNodes), .optional,
                "Modbus lines that devices share."),
            LayoutKey(
                "components", .components(most: mostNodes), .optional,
                "Hardware that nodes refer to by name. Each belongs to exactly one node."),
            LayoutKey(
                "nodes", .sections(.node, most: mostNodes), .required,
                "The relays, sensors and meters."),
            LayoutKey(
                "interlocks", .sections(.interlock, most: mostNodes), .optional,
                "Combinations of relay states that are forbidden."),
            LayoutKey(
                "upstreams", .sections(.upstream(codecs), most: mostUpstreams), .optional,
                "MQTT brokers that the gateway publishes to. Without one the gateway is "
                    + "local only."),
            LayoutKey(
                "journal", .section(.journal), .optional,
                "How history is kept on disk, for unreachable upstreams and for export."),
            LayoutKey(
                "peers", .section(.peers), .optional,
                "The direct link, for requests without a broker. Off when left out."),
            LayoutKey(
                "web", .section(.web), .optional,
                "The web server: page, REST, live stream, metrics. Off when left out."),
            LayoutKey(
                "settings", .section(.settings), .optional,
                "Settings of the program; command line and environment override them."),
        ]
    }

    static let bus = LayoutSection(
        noun: "a bus",
        keys: [
            LayoutKey(
                "name", .text(.name(BusTag.self)), .required, "Its name, which components use."),
            LayoutKey("port", .text(.port), .optional, "The serial port of an RTU bus."),
            LayoutKey("baud", .number(among: SerialMode.speeds), .optional, "Bits per second."),
            LayoutKey(
                "parity", .value(.choice(SerialSettings.Parity.allCases.map(\.rawValue))),
                .defaults(to: .text("none")), "The parity bit."),
            LayoutKey(
                "stopBits", .number(among: [1, 2]), .defaults(to: .whole(1)), "Stop bits."),
            LayoutKey("host", .text(.host), .optional, "The host of a Modbus TCP device."),
            LayoutKey(
                "tcpPort", .value(.whole(1...65535)), .defaults(to: .whole(502)),
                "The TCP port of the host."),
            LayoutKey(
                "rtuOverTcp", .value(.flag), .optional,
                "Whether the host forwards RTU frames unchanged, as a transparent serial server "
                    + "does. False when left out."),
            LayoutKey(
                "gap", .value(.duration(.zero ... .seconds(10))), .optional,
                "Quiet time between an answer and the next request; 100ms on a serial port and with "
                    + "rtuOverTcp, 0ms on Modbus TCP when left out."),
            LayoutKey(
                "simulated", .value(.flag), .defaults(to: .flag(false)),
                "Whether the bus and all on it are simulated."),
        ],
        schemaRules: [
            (
                "oneOf",
                .array([
                    .object([("required", .array([.text("port"), .text("baud")]))]),
                    .object([("required", .array([.text("host")]))]),
                ])
            )
        ])

    /// What every component has; its driver's settings stand beside.
    static let component = LayoutSection(
        noun: "a component",
        keys: [
            LayoutKey(
                "name", .text(.name(ComponentTag.self)), .optional,
                "Its name, which nodes use. A component inside its node has the node's name."),
            LayoutKey("driver", .value(.text), .required, "The driver of its device."),
            LayoutKey(
                "simulated", .value(.flag), .defaults(to: .flag(false)),
                "Whether its wire is simulated."),
        ])

    static let node = LayoutSection(
        noun: "a node",
        keys: [
            LayoutKey("name", .text(.name(ShNodeTag.self)), .required, "Unique in the gateway."),
            LayoutKey(
                "kind", .value(.choice(NodeKind.allCases.map(\.rawValue))), .required,
                "relay takes commands, sensor measures, meter measures and counts."),
            LayoutKey(
                "title", .value(.text), .optional, "For people; the name when left out."),
            LayoutKey(
                "parent", .text(.name(ShNodeTag.self)), .optional,
                "The node that this one belongs under."),
            LayoutKey(
                "component", .component, .required,
                "Its hardware: the name of a component, or the component itself."),
            LayoutKey(
                "safeState", .value(.choice(SafeState.allCases.map(\.rawValue))), .optional,
                "The state without a controller or after a fault. Every relay needs one."),
        ] + guardKeys + [
            LayoutKey(
                "channels", .sections(.channel), .optional,
                "What is read; the default channels of the driver when left out.")
        ],
        schemaRules: [
            (
                "if",
                .object([
                    (
                        "properties",
                        .object([("kind", .object([("const", .text("relay"))]))])
                    ),
                    ("required", .array([.text("kind")])),
                ])
            ),
            ("then", .object([("required", .array([.text("safeState")]))])),
            (
                "else",
                .object([
                    (
                        "properties",
                        .object((["safeState"] + guardKeys.map(\.name)).map { ($0, .flag(false)) })
                    )
                ])
            ),
        ])

    static let channel = LayoutSection(
        noun: "a channel",
        keys: [
            LayoutKey(
                "name", .text(.name(DataChannelTag.self)), .optional,
                "Unique in the gateway; NODE, or NODE-SOURCE where the driver has several."),
            LayoutKey(
                "source", .value(.text), .optional,
                "What is read, by the driver's name for it or its code; required where the driver has "
                    + "several."),
            LayoutKey(
                "unit", .value(.choice(Unit.allCases.map(\.rawValue))), .optional,
                "The driver's unit, repeated for the reader."),
            LayoutKey(
                "exponent", .value(.whole(-9...9)), .optional,
                "One step is 10 to this power of the unit; the driver's when left out."),
            LayoutKey(
                "pollPeriod", .value(.duration(.milliseconds(10) ... .seconds(86_400))), .optional,
                "How often the device is polled; the driver's when left out."),
            LayoutKey(
                "capturePeriod", .value(.duration(.milliseconds(10) ... .seconds(7 * 86_400))),
                .optional, "The longest time between two captures; the driver's when left out."),
            LayoutKey(
                "captureOnChange", .value(.flag), .optional,
                "Whether a change is captured at once; true for switches and counts, and where a "
                    + "delta is set."),
            LayoutKey(
                "captureDelta", .value(.decimal), .optional,
                "The least change that is captured at once, in the unit; whole steps only."),
            LayoutKey(
                "captureSummary", .value(.choice(CaptureSummary.allCases.map(\.rawValue))),
                .defaults(to: .text(CaptureSummary.last.rawValue)),
                "What is captured of the values since the last capture."),
            LayoutKey(
                "lowest", .value(.decimal), .optional,
                "The lowest plausible value, in the unit."),
            LayoutKey(
                "highest", .value(.decimal), .optional,
                "The highest plausible value, in the unit."),
            LayoutKey(
                "largestStep", .value(.decimal), .optional,
                "The largest true change between two polls, in the unit."),
            LayoutKey(
                "powerOnValues", .value(.list(.decimal)), .optional,
                "Values that the device shows before its first measurement, in the unit."),
            LayoutKey(
                "counter", .value(.flag), .optional,
                "Whether the value only ever rises, as a meter's register does."),
        ])

    static let journal = LayoutSection(
        noun: "the journal",
        keys: [
            LayoutKey(
                "commitInterval", .value(.duration(.zero ... .seconds(60))),
                .defaults(to: .text("200ms")),
                "How long records may wait to be written together, lost in a power cut. 0ms writes "
                    + "each batch by itself."),
            LayoutKey(
                "retain", .value(.duration(.zero ... .seconds(3_650 * 86_400))),
                .defaults(to: .text("7d")),
                "How long records are kept after every upstream has acknowledged them."),
            LayoutKey(
                "size", .text(.size), .defaults(to: .text("1GB")),
                "The most room on disk. When it is used up the oldest records are evicted."),
        ])

    static let peers = LayoutSection(
        noun: "the direct link",
        keys: [
            LayoutKey(
                "listen", .text(.peerAddress), .defaults(to: .text("127.0.0.1:2998")),
                "HOST:PORT to listen on. On the network TLS, a key and a list of peers are required."
            ),
            LayoutKey(
                "mode", .value(.choice(["sync", "async"])), .defaults(to: .text("sync")),
                "sync counts an answer as sent when the peer has released it, async when it has left."
            ),
            LayoutKey(
                "slots", .value(.whole(1...32)), .optional,
                "The most requests in work on one connection; 1 with sync, else 16."),
            LayoutKey(
                "connections", .value(.whole(1...1000)), .defaults(to: .whole(32)),
                "The most connections."),
            LayoutKey(
                "rights", .value(.list(.choice(["read", "switch"]))),
                .defaults(to: .array([.text("read")])),
                "The rights of any user on this machine without TLS."),
            LayoutKey(
                "tls", .value(.flag), .optional,
                "Whether TLS is used; always on the network."),
            LayoutKey(
                "key", .text(.path), .optional,
                "Certificate and key; peer-key.pem in the state directory when left out."),
            LayoutKey(
                "list", .text(.path), .optional,
                "The list of peers; peers.json in the state directory when left out."),
            LayoutKey(
                "echo", .value(.flag), .defaults(to: .flag(false)),
                "Whether messages other than requests are sent back, for tests."),
        ])

    static let settings = LayoutSection(
        noun: "the program's settings",
        keys: [
            LayoutKey(
                "logLevel",
                .value(
                    .choice([
                        "trace", "debug", "info", "notice", "warning", "error", "critical",
                    ])),
                .optional, "The lowest level that is logged."),
            LayoutKey(
                "logFormat", .value(.choice(["text", "json"])), .optional,
                "The format of log lines."),
            LayoutKey(
                "stateDirectory", .text(.path), .optional, "The folder of journal, totals and keys."
            ),
            LayoutKey(
                "seed", .value(.whole(0 ... .max)), .optional,
                "The seed of all random numbers, for repeatable runs."),
            LayoutKey(
                "simulate", .value(.flag), .optional, "Whether all hardware is simulated."),
            LayoutKey(
                "watchdogDevice", .text(.path), .optional,
                "The board's watchdog, /dev/watchdog, when no other program uses it. It restarts the "
                    + "machine when the gateway stops responding."),
        ])

    /// Every section with keys, for finding where a misplaced key belongs.
    static let all: [LayoutSection] = [
        layout(none), bus, component, node, limits, feedback, channel, interlock, upstream(none),
        tls, journal, peers, web, webToken, settings,
    ]

    private static let none = CodecRegistry([])
}

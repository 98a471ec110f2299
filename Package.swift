// swift-tools-version: 6.2
import PackageDescription

/// Every room of the house is built by the same strict rules.
let rules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

/// Tests dereference no raw memory of their own and may unwrap what they expect.
let testRules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

/// The folders that rooms stand in, lowest first.
enum Floor: String {
    case base = "Sources/Base/"
    case hardware = "Sources/Hardware/"
    case core = "Sources/Core/"
    case upstreams = "Sources/Upstreams/"
    case doors = "Sources/Doors/"
    case programs = "Sources/Programs/"
    case clibs = "Sources/Clibs/"
    case outside = ""
    case tests = "Tests/"
}

func room(
    _ floor: Floor, _ name: String, _ dependencies: [Target.Dependency],
    exclude: [String] = [], opensInRelease: Bool = false
) -> Target {
    let opening = SwiftSetting.unsafeFlags(
        ["-cross-module-optimization"], .when(configuration: .release))
    return .target(
        name: name, dependencies: dependencies, path: floor.rawValue + name, exclude: exclude,
        swiftSettings: opensInRelease ? rules + [opening] : rules)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestMachine"], resources: resources,
        swiftSettings: testRules)
}

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
/// The direct link: sockets and TLS.
let peerProducts: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOTLS", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
/// Measured beside our own, and in no product.
let asyncAlgorithms = Target.Dependency.product(
    name: "AsyncAlgorithms", package: "swift-async-algorithms")
/// The server of the web door: the core of Hummingbird, without its application and its own router.
let hummingbird = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHttp = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

let package = Package(
    name: "tidegate",
    products: [
        .executable(name: "tidegate", targets: ["tidegate"]),
        .library(name: "TidegateChannels", targets: ["Channels", "Timing", "Vocabulary"]),
    ],
    // Exact, as a program is to be rebuilt as it was.
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-async-algorithms", exact: "1.1.4"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
    ],
    targets: [
        // The system's libraries. Shims only: no logic but version bridging.
        .target(name: "CLinux", path: "Sources/Clibs/CLinux"),
        .target(
            name: "CGpiod", path: "Sources/Clibs/CGpiod",
            linkerSettings: [.linkedLibrary("gpiod")]),
        // The device profiles that come with Tidegate, as they stand in their files.
        .target(name: "CProfiles", path: "Sources/Clibs/CProfiles"),
        // The web page, as it stands in its files.
        .target(name: "CPage", path: "Sources/Clibs/CPage", exclude: ["page"]),
        .systemLibrary(
            name: "CCrypto", path: "Sources/Clibs/CCrypto", pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CModbus", path: "Sources/Clibs/CModbus", pkgConfig: "libmodbus",
            providers: [.apt(["libmodbus-dev"])]),
        .systemLibrary(
            name: "CSqlite", path: "Sources/Clibs/CSqlite", pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]),

        // The rooms, lowest first. Arrows point up this list only.
        room(.base, "Vocabulary", []),
        room(.base, "Documents", ["Vocabulary"]),
        room(.base, "Timing", ["Vocabulary"]),
        room(.base, "Threads", ["Vocabulary", "CLinux"]),
        // Generic to the last line, and slower by an order of magnitude where its users cannot see
        // through it.
        room(.base, "Channels", ["Vocabulary", "Timing", deque], opensInRelease: true),
        room(.base, "Health", ["Vocabulary", "Timing"]),
        room(.hardware, "DriverKit", ["Vocabulary", "Documents"]),
        room(
            .hardware, "Drivers", ["DriverKit", "Documents", "Vocabulary", "CCrypto", "CProfiles"],
            exclude: ["README.md"]),
        room(.hardware, "Wires", ["DriverKit", "Vocabulary", "CGpiod", "CModbus", "CLinux"]),
        room(
            .core, "Nodes", ["DriverKit", "Channels", "Threads", "Timing", "Health", "Vocabulary"]),
        room(.core, "Delivery", ["Vocabulary", "Timing", "Health"]),
        room(
            .upstreams, "Mqtt",
            ["Vocabulary", "Threads", "Timing", "CCrypto", "CLinux", deque]),
        room(.upstreams, "Codecs", ["Vocabulary", "Health", "Delivery", "Mqtt"]),
        room(.core, "Layouts", ["DriverKit", "Documents", "Delivery", "Codecs", "Vocabulary"]),
        room(.core, "Journals", ["Vocabulary", "Threads", "CSqlite", deque]),
        room(
            .upstreams, "PlainJson",
            ["Vocabulary", "Documents", "DriverKit", "Health", "Layouts", "Mqtt", "Codecs"]),
        room(
            .upstreams, "Gridworks",
            [
                "Vocabulary", "Documents", "DriverKit", "Layouts", "Mqtt", "Codecs",
                "PlainJson",
            ]),
        room(
            .upstreams, "HomeAssistant",
            ["Vocabulary", "Documents", "DriverKit", "Layouts", "Mqtt", "Codecs"]),
        // The one room that knows every codec.
        room(
            .upstreams, "StandardCodecs",
            ["Layouts", "PlainJson", "Gridworks", "HomeAssistant"]),
        room(
            .programs, "GridworksParent",
            [
                "Vocabulary", "Documents", "Timing", "Threads", "Health", "Journals",
                "Delivery", "Mqtt", "Codecs", "PlainJson", "Gridworks", deque,
            ]),
        room(
            .doors, "Peers",
            ["Vocabulary", "Documents", "Health", "CCrypto", deque] + peerProducts),
        room(
            .doors, "Control",
            ["Vocabulary", "Documents", "Peers", "CLinux", nioCore, nioPosix]),
        room(
            .doors, "Web",
            [
                "Vocabulary", "Documents", "Timing", "Threads", "Channels", "Codecs", "Peers",
                "CCrypto",
                "CPage", hummingbird, httpTypes, nioCore, nioHttp, nioPosix, nioSSL, logging,
            ]),
        room(.doors, "Brokers", ["Vocabulary", "Timing", "Threads", "CLinux"]),
        room(
            .core, "Proactors",
            [
                "Vocabulary", "Timing", "Threads", "Channels", "Health", "Nodes", "Journals",
                "Delivery", "Mqtt", "Codecs", logging, deque,
            ]),
        room(
            .outside, "Simulators",
            ["Drivers", "DriverKit", "Documents", "Threads", "Vocabulary", "CLinux"]),
        room(
            .programs, "Host",
            [
                "Proactors", "CLinux", "Vocabulary", "Threads", "DriverKit", "Layouts", deque,
                logging,
            ]),
        room(
            .programs, "CommandLine",
            [
                "Vocabulary", "Documents", "Timing", "Threads", "Health", "DriverKit", "Drivers",
                "Layouts", "Journals", "Delivery", "Mqtt", "Codecs", "PlainJson", "Gridworks",
                "StandardCodecs", "GridworksParent", "Peers", "Control", "Web", "Brokers",
                "Proactors", "Host", argumentParser, logging, nioCore,
            ]),
        room(
            .programs, "Gateway",
            [
                "Vocabulary", "Timing", "Threads", "Channels", "Health", "DriverKit",
                "Drivers", "Wires", "Nodes", "Layouts", "Journals", "Mqtt", "Codecs",
                "PlainJson", "Peers", "Control", "Web", "Brokers", "Proactors", "Simulators",
                "Host", "CommandLine", argumentParser, logging,
            ]),
        .executableTarget(
            name: "tidegate",
            dependencies: ["Threads", "Host", "CommandLine", "Gateway", argumentParser],
            path: Floor.programs.rawValue + "Tidegate", swiftSettings: rules),

        // Measures what `make bench` and `make stack` tell. No product.
        .executableTarget(
            name: "bench",
            dependencies: [
                "Vocabulary", "Documents", "Channels", "DriverKit", "Drivers", "Wires", "Nodes",
                "Layouts", "Journals", "Mqtt", "Gridworks", "StandardCodecs", "Brokers", "Peers",
                "Proactors", "Simulators",
                "Fakes", "Timing", "Threads", "CLinux", asyncAlgorithms, logging, nioCore,
            ],
            path: "Tests/Bench/Sources", swiftSettings: rules),

        // The suites that every implementation of a protocol passes, real and simulated alike.
        room(
            .tests, "Conformance",
            ["Codecs", "Mqtt", "Health", "DriverKit", "Documents", "Journals", "Vocabulary"]),
        // Doubles of our own protocols, a clock that tests move, devices that do as they are told.
        room(
            .tests, "Fakes",
            ["DriverKit", "Documents", "Journals", "Mqtt", "Codecs", "Vocabulary", "CLinux", deque]),
        // What strangers send, and what reading it costs.
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        room(.tests, "Fuzzing", ["CAllocations", "Vocabulary"]),
        // What a test runs on.
        .target(name: "CTestWidth", path: "Tests/CTestWidth"),
        .target(
            name: "TestMachine", dependencies: ["CTestWidth"], path: "Tests/TestMachine",
            swiftSettings: testRules),
        tests("VocabularyTests", ["Vocabulary"]),
        tests("ThreadsTests", ["Vocabulary", "Threads", "Fakes"]),
        tests("DocumentsTests", ["Documents", "Fuzzing", "Vocabulary"]),
        tests("ChannelsTests", ["Vocabulary", "Channels", "Fakes"]),
        tests(
            "DriversTests",
            [
                "Vocabulary", "Documents", "DriverKit", "Drivers", "Simulators", "Conformance",
                "Fakes", "Fuzzing",
            ],
            resources: [.copy("Telegrams")]),
        tests(
            "WiresTests",
            [
                "Vocabulary", "Documents", "DriverKit", "Drivers", "Wires", "Simulators",
                "Conformance", "Fakes",
            ]),
        tests(
            "NodesTests",
            [
                "Vocabulary", "Documents", "Timing", "Channels", "DriverKit", "Drivers", "Nodes",
                "Simulators", "Fakes",
            ]),
        tests(
            "LayoutsTests",
            [
                "StandardCodecs", "PlainJson", "Gridworks", "HomeAssistant", "Vocabulary",
                "Documents", "DriverKit", "Drivers", "Layouts", "Simulators",
                "Conformance", "Fakes", "Fuzzing",
            ],
            resources: [.copy("Broken")]),
        tests(
            "GridworksImportTests",
            [
                "StandardCodecs", "Gridworks", "Vocabulary", "Documents", "DriverKit", "Drivers",
                "Layouts", "Fuzzing",
            ],
            resources: [.copy("Samples")]),
        tests(
            "JournalsTests", ["Vocabulary", "Journals", "Conformance", "Fakes", "Fuzzing"]),
        tests("TimingTests", ["Vocabulary", "Timing", "Fakes"]),
        tests("HealthTests", ["Health", "Vocabulary"]),
        tests("DeliveryTests", ["Delivery", "Health", "Vocabulary"]),
        tests("MqttTests", ["Vocabulary", "Threads", "Mqtt", "Brokers", "Fakes", "Fuzzing"]),
        tests("CodecsTests", ["Vocabulary", "Mqtt", "Codecs", "Conformance", "Fakes"]),
        tests(
            "PlainJsonTests",
            [
                "Vocabulary", "Documents", "Health", "Mqtt", "Codecs", "PlainJson", "Conformance",
                "Fakes", "Fuzzing",
            ]),
        tests(
            "GridworksTests",
            [
                "Vocabulary", "Documents", "Mqtt", "Codecs", "Gridworks", "GridworksParent",
                "Conformance", "Fakes", "Fuzzing",
            ]),
        tests(
            "HomeAssistantTests",
            [
                "Vocabulary", "Documents", "Mqtt", "Codecs", "HomeAssistant", "Conformance",
                "Fakes", "Fuzzing",
            ]),
        tests(
            "PeersTests",
            ["Vocabulary", "Documents", "Peers", "Fakes", "Fuzzing", nioCore, nioPosix, nioSSL]),
        tests(
            "ControlTests",
            ["Vocabulary", "Peers", "Control", "Fakes", "Fuzzing", nioCore, nioPosix]),
        tests(
            "WebTests",
            [
                "Vocabulary", "Web", "Fakes", "Fuzzing", httpTypes, nioCore, nioEmbedded, nioHttp,
                nioPosix,
            ]),
        tests(
            "GridworksParentTests",
            [
                "Vocabulary", "Health", "Delivery", "Journals", "Mqtt", "PlainJson",
                "GridworksParent", "Fakes",
            ]),
        tests("BrokersTests", ["Vocabulary", "Mqtt", "Brokers", "Fakes"]),
        tests(
            "ProactorsTests",
            [
                "Conformance", "Vocabulary", "Documents", "Channels", "Health", "DriverKit",
                "Nodes", "Journals",
                "Delivery", "Mqtt", "Codecs", "Proactors", "Fakes", logging,
            ]),
        tests(
            "ScenarioTests",
            [
                "Vocabulary", "Channels", "DriverKit", "Drivers", "Nodes", "Layouts", "Journals",
                "Delivery", "Mqtt", "StandardCodecs", "Proactors", "Fakes", logging,
            ]),
        tests(
            "HostTests",
            ["Vocabulary", "Documents", "Layouts", "Proactors", "Host", "Fakes", logging]),
        tests(
            "CommandLineTests",
            [
                "Vocabulary", "Threads", "Health", "Codecs", "Layouts", "PlainJson", "Peers",
                "Host", "CommandLine", "Fakes",
            ]),
        tests(
            "GatewayTests",
            [
                "Vocabulary", "Documents", "Channels", "Health", "DriverKit", "Drivers", "Nodes",
                "Mqtt", "Journals", "Peers", "Proactors", "Host", "CommandLine", "Gateway", "Fakes",
                logging,
            ]),
        tests("HouseRulesTests", ["StandardCodecs", "DriverKit", "Drivers", "Layouts"]),
        // Holds docs against what the program describes; `make docs` writes it.
        tests(
            "ReferenceTests",
            [
                "StandardCodecs", "tidegate", "Documents", "DriverKit", "Drivers", "Health",
                "Layouts", "Nodes", "Vocabulary", argumentParser,
            ]),
    ]
)

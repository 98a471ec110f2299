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
    resources: [Resource]? = nil, exclude: [String] = [], opensInRelease: Bool = false
) -> Target {
    let opening = SwiftSetting.unsafeFlags(
        ["-cross-module-optimization"], .when(configuration: .release))
    return .target(
        name: name, dependencies: dependencies, path: floor.rawValue + name, exclude: exclude,
        resources: resources,
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
/// Measured beside our own, and in no product.
let asyncAlgorithms = Target.Dependency.product(
    name: "AsyncAlgorithms", package: "swift-async-algorithms")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

let package = Package(
    name: "tidegate",
    products: [.executable(name: "tidegate", targets: ["tidegate"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    ],
    targets: [
        // The system's libraries. Shims only: no logic but version bridging.
        .target(name: "CLinux", path: "Sources/Clibs/CLinux"),
        .target(
            name: "CGpiod", path: "Sources/Clibs/CGpiod",
            linkerSettings: [.linkedLibrary("gpiod")]),
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
        room(.base, "Threads", ["Vocabulary", "CLinux"]),
        room(.core, "Links", ["Vocabulary"]),
        // Generic to the last line, and slower by an order of magnitude where its users cannot see
        // through it.
        room(.base, "Channels", ["Vocabulary", deque], opensInRelease: true),
        room(.hardware, "DriverKit", ["Vocabulary", "Documents"]),
        room(
            .hardware, "Drivers", ["DriverKit", "Documents", "Vocabulary"],
            resources: [.embedInCode("Profiles")], exclude: ["README.md"]),
        room(.hardware, "Wires", ["DriverKit", "Vocabulary", "CGpiod", "CModbus", "CLinux"]),
        room(.core, "Nodes", ["DriverKit", "Channels", "Threads", "Links", "Vocabulary"]),
        room(
            .upstreams, "Mqtt", ["Vocabulary", "Threads", "Links", "CCrypto", "CLinux", deque]),
        room(.upstreams, "Codecs", ["Vocabulary", "Links", "Mqtt"]),
        room(.core, "Layouts", ["DriverKit", "Documents", "Codecs", "Vocabulary"]),
        room(.core, "Journals", ["Vocabulary", "Threads", "CSqlite", deque]),
        room(
            .upstreams, "PlainJson",
            ["Vocabulary", "Documents", "DriverKit", "Links", "Layouts", "Mqtt", "Codecs"]),
        room(
            .upstreams, "Gridworks",
            [
                "Vocabulary", "Documents", "DriverKit", "Layouts", "Mqtt", "Codecs", "PlainJson",
            ]),
        // The one room that knows every codec.
        room(.upstreams, "StandardCodecs", ["Layouts", "PlainJson", "Gridworks"]),
        room(
            .programs, "GridworksParent",
            [
                "Vocabulary", "Documents", "Threads", "Channels", "Journals", "Links", "Mqtt",
                "Codecs", "PlainJson", "Gridworks", deque,
            ]),
        room(.doors, "Peers", ["Vocabulary", "Documents", "CCrypto", deque] + peerProducts),
        room(.doors, "Brokers", ["Vocabulary", "Links", "Threads", "CLinux"]),
        room(
            .core, "Proactors",
            [
                "Vocabulary", "Threads", "Channels", "DriverKit", "Nodes", "Layouts", "Journals",
                "Links", "Mqtt", "Codecs", logging, deque,
            ]),
        .executableTarget(
            name: "tidegate",
            dependencies: [
                "Vocabulary", "Documents", "Channels", "DriverKit", "Drivers", "Wires", "Nodes",
                "Layouts", "Journals", "Links", "Mqtt", "Codecs", "PlainJson", "Gridworks",
                "StandardCodecs", "GridworksParent", "Peers", "Brokers", "Proactors",
                "Simulators", "Threads", "CLinux", logging, deque, nioCore,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: Floor.programs.rawValue + "Gateway", swiftSettings: rules),
        room(
            .outside, "Simulators",
            [
                "Drivers", "DriverKit", "Documents", "Journals", "Mqtt", "Codecs", "Vocabulary",
                "CLinux",
            ]),

        // Measures what `make bench` and `make stack` tell. No product.
        .executableTarget(
            name: "bench",
            dependencies: [
                "Vocabulary", "Documents", "Channels", "DriverKit", "Drivers", "Wires", "Nodes",
                "Layouts", "Journals", "Mqtt", "Codecs", "Gridworks", "StandardCodecs", "Brokers",
                "Peers", "Proactors", "Simulators", "Threads", "CLinux", asyncAlgorithms,
                logging, nioCore,
            ],
            path: "Tests/Bench/Sources", swiftSettings: rules),

        // The suites that every implementation of a protocol passes, real and simulated alike.
        room(
            .tests, "Conformance",
            ["DriverKit", "Documents", "Journals", "Links", "Mqtt", "Codecs", "Vocabulary"]),
        // What strangers send, and what reading it costs.
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        room(.tests, "Fuzzing", ["CAllocations", "Vocabulary"]),
        // What a test runs on.
        .target(name: "CTestWidth", path: "Tests/CTestWidth"),
        .target(
            name: "TestMachine", dependencies: ["CTestWidth"], path: "Tests/TestMachine",
            swiftSettings: testRules),
        tests("VocabularyTests", ["Vocabulary"]),
        tests("ThreadsTests", ["Threads", "Simulators", "Vocabulary"]),
        tests("DocumentsTests", ["Documents", "Fuzzing", "Vocabulary"]),
        tests("ChannelsTests", ["Channels", "Vocabulary", "Simulators"]),
        tests(
            "DriversTests",
            ["Drivers", "DriverKit", "Documents", "Simulators", "Conformance", "Vocabulary"]),
        tests(
            "WiresTests",
            [
                "Wires", "DriverKit", "Documents", "Drivers", "Simulators", "Conformance",
                "Vocabulary",
            ]),
        tests("NodesTests", ["Nodes", "Channels", "DriverKit", "Drivers", "Simulators"]),
        tests(
            "LayoutsTests",
            [
                "Layouts", "Drivers", "Documents", "DriverKit", "Fuzzing", "Simulators",
                "Conformance", "Gridworks", "PlainJson", "StandardCodecs", "Vocabulary",
            ],
            resources: [.copy("Broken")]),
        tests(
            "ImportsTests",
            [
                "Gridworks", "Layouts", "Drivers", "Documents", "Fuzzing", "StandardCodecs",
                "Vocabulary",
            ],
            resources: [.copy("Samples")]),
        tests(
            "JournalsTests", ["Journals", "Vocabulary", "Conformance", "Fuzzing", "Simulators"]),
        tests("LinksTests", ["Links", "Vocabulary"]),
        tests(
            "UpstreamsTests",
            [
                "Mqtt", "Codecs", "PlainJson", "Gridworks", "GridworksParent", "Brokers",
                "Conformance", "Fuzzing", "Links", "Threads", "Simulators", "Vocabulary",
            ]),
        tests(
            "GridworksParentTests",
            [
                "GridworksParent", "PlainJson", "Mqtt", "Journals", "Links", "Simulators",
                "Vocabulary",
            ]),
        tests(
            "PeersTests",
            ["Peers", "Documents", "Fuzzing", "Simulators", "Vocabulary"]
                + peerProducts),
        tests("BrokersTests", ["Brokers", "Simulators", "Mqtt", "Vocabulary"]),
        tests(
            "ProactorsTests",
            [
                "Proactors", "Conformance", "Simulators", "Channels", "Documents", "DriverKit",
                "Journals", "Links", "Nodes", "Mqtt", "Codecs", "Vocabulary", logging,
            ]),
        tests(
            "ScenarioTests",
            [
                "Proactors", "Simulators", "Channels", "DriverKit", "Drivers", "Journals",
                "Layouts", "Links", "Nodes", "Mqtt", "Codecs", "StandardCodecs", "Vocabulary",
                logging,
            ]),
        tests(
            "GatewayTests",
            [
                "tidegate", "Channels", "Documents", "DriverKit", "Drivers", "Journals", "Layouts",
                "Links", "Nodes", "Peers", "Proactors", "Simulators", "Mqtt", "Codecs", "PlainJson",
                "Vocabulary", logging,
            ]),
        tests("HouseRulesTests", ["DriverKit", "Drivers", "Layouts", "StandardCodecs"]),
        // Holds docs/reference against what the program describes; `make docs` writes it.
        tests(
            "ReferenceTests",
            [
                "tidegate", "Documents", "DriverKit", "Drivers", "Layouts", "StandardCodecs",
                "Vocabulary",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ]
)

import Testing

/// Every rule, held against a text that breaks it and one that keeps it.
@Suite struct `A rule` {
    private func file(_ path: String, _ text: String) -> SourceFile { SourceFile(path, text) }

    private let package = """
        let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
        let package = Package(
            targets: [
                room(.base, "Vocabulary", []),
                room(.base, "Channels", ["Vocabulary", deque]),
                room(
                    .hardware, "Drivers", ["Vocabulary"],
                    resources: [.embedInCode("Profiles")], exclude: ["README.md"]),
                room(.programs, "Gateway", ["Vocabulary", "Wires", "Simulators"]),
                .executableTarget(
                    name: "tidegate", dependencies: ["Gateway", argumentParser],
                    path: "Sources/Programs/Tidegate"),
                .executableTarget(
                    name: "bench", dependencies: ["Wires"], path: "Tests/Bench/Sources"),
                tests("NodesTests", ["Nodes"]),
            ])
        """

    @Test func `about arrows reads the package and sees an import that is not listed`() {
        let arrows = Arrows(package: package)
        #expect(
            arrows.rooms.map { "\($0.floor) \($0.name)" } == [
                "base Vocabulary", "base Channels", "hardware Drivers", "programs Gateway",
                "programs tidegate",
            ])
        #expect(arrows.tests.map(\.name) == ["bench", "NodesTests"])
        #expect(arrows.rooms[4].dependencies == ["Gateway", "ArgumentParser"])
        #expect(arrows.rooms[1].dependencies == ["Vocabulary", "DequeModule"])
        #expect(arrows.rooms[2].dependencies == ["Vocabulary"])
        let good = file("Sources/Base/Channels/A.swift", "import DequeModule\nimport Glibc\n")
        #expect(arrows.breaches(good) == [])
        for offender in [
            "import Drivers", "public import Drivers", "@preconcurrency import Drivers",
            "import struct Drivers.Relay", "import Foundation",
        ] {
            #expect(arrows.breaches(file("Sources/Base/Channels/A.swift", offender)).count == 1)
        }
        #expect(arrows.breaches(file("Sources/Base/Attic/A.swift", "")).count == 1)
        #expect(arrows.breaches(file("Sources/Programs/Gateway/A.swift", "import Wires")) == [])
    }

    @Test func `about arrows sees what is listed and imported nowhere`() {
        let files = [
            file("Sources/Base/Channels/A.swift", "import DequeModule"),
            file("Sources/Hardware/Drivers/A.swift", "import Vocabulary"),
            file(
                "Sources/Programs/Gateway/A.swift",
                "import Vocabulary\nimport Wires\nimport Simulators"),
            file("Sources/Programs/Tidegate/A.swift", "import Gateway\nimport ArgumentParser"),
            file("Tests/Bench/Sources/A.swift", "import Wires"),
            file("Tests/NodesTests/A.swift", "@testable import Nodes"),
        ]
        #expect(
            Arrows(package: package).unused(in: files)
                == ["Channels lists Vocabulary, and no file of it imports that"])
    }

    @Test func `about imports finds levels, and sees an arrow up and a cycle`() {
        func graph(_ vocabulary: String) -> ImportGraph {
            ImportGraph(
                Arrows(package: package).rooms,
                files: [
                    file("Sources/Base/Vocabulary/A.swift", vocabulary),
                    file("Sources/Base/Channels/A.swift", "import Vocabulary"),
                    file("Sources/Hardware/Drivers/A.swift", "import Channels\nimport Vocabulary"),
                ])
        }
        #expect(graph("import Glibc").breaches == [])
        #expect(
            graph("").lines.prefix(3) == [
                "base 1 Vocabulary, 1 files", "base 2 Channels, 1 files → Vocabulary 1",
                "hardware 3 Drivers, 1 files → Channels 1, Vocabulary 1",
            ])
        #expect(
            graph("import Drivers").breaches == [
                "Vocabulary imports Drivers, which stands below it", "Vocabulary stands on a cycle",
                "Channels stands on a cycle", "Drivers stands on a cycle",
            ])
    }

    @Test func `about arrows sees one that points down and one that chooses wires`() {
        let down = package.replacing(
            #"room(.base, "Vocabulary", [])"#, with: #"room(.base, "Vocabulary", ["Drivers"])"#)
        #expect(Arrows(package: down).wrongArrows.count == 1)
        let wires = package.replacing(#"["Vocabulary", deque]"#, with: #"["Wires"]"#)
        #expect(Arrows(package: wires).wrongArrows.count == 1)
    }

    @Test(arguments: [
        "let now = Date()", "let clock = ContinuousClock()",
        "try await Task.sleep(for: .seconds(1))",
        "let id = UUID().uuidString", "Int.random(in: 0..<3)", "list.shuffled()",
        "var chance = SystemRandomNumberGenerator()", "let a = \"\\(Date())\"",
        "x = Int.random(\n    in: 0..<3)",
    ]) func `about time and chance sees`(offender: String) {
        #expect(WordRules.timeAndChance(file("Sources/Core/Nodes/A.swift", offender)).count == 1)
        #expect(
            WordRules.timeAndChance(file("Sources/Programs/Host/SystemClock.swift", offender))
                == [])
    }

    @Test(arguments: [
        "// Date() is not for us", "let text = \"Date()\"", "let update = toDate()",
        "Int.random(in: 0..<3, using: &chance)", "Int.random(\n    in: 0..<3, using: &chance)",
        "/* UUID() */ let a = \"\"\"\n  UUID()\n  \"\"\"", "let a = #\"UUID() \"quoted\"\"#",
    ]) func `about time and chance lets pass`(text: String) {
        #expect(WordRules.timeAndChance(file("Sources/Core/Nodes/A.swift", text)) == [])
    }

    @Test(arguments: [
        "let a = try! read()", "let a = b as! Int", "fatalError(\"no\")", "let a = list.first!",
        "let a = names[0]!.text", "let a = at(0)!", "var a: Int!",
    ]) func `about traps sees`(offender: String) {
        #expect(WordRules.traps(file("Simulators/A.swift", offender)).count == 1)
    }

    @Test(arguments: [
        "if a != b {}", "if !a {}", "let text = \"Stop!\"", "// first!", "if a!=b {}",
    ]) func `about traps lets pass`(text: String) {
        #expect(WordRules.traps(file("Simulators/A.swift", text)) == [])
    }

    @Test func `about promises wants a proof beside them`() {
        let bare = "final class A: @unchecked Sendable {\n    nonisolated(unsafe) var a = 0\n}"
        #expect(WordRules.promises(file("Sources/Core/Nodes/A.swift", bare)).count == 2)
        let proven = """
            /// Sound as Sendable: nothing in it changes.
            @safe
            final class A: @unchecked Sendable {
                nonisolated(unsafe) let a = 0  // It is set before any thread starts.
            }
            """
        #expect(WordRules.promises(file("Sources/Core/Nodes/A.swift", proven)) == [])
    }

    @Test func `about unsafe wants it in its rooms and with a reason in the same member`() {
        let text = """
            func first() {
                // Sound: the path lives for the length of the call.
                let a = unsafe open(path)
                var b = unsafe read(a)
            }

            // Sound: as above.
            deinit { unsafe close(a) }

            func second() {
                unsafe close(a)
            }
            """
        #expect(
            UnsafeRule.breaches(file("Sources/Hardware/Wires/A.swift", text))
                == ["Sources/Hardware/Wires/A.swift:11: unsafe without a comment that says Sound"])
        #expect(UnsafeRule.breaches(file("Sources/Core/Delivery/A.swift", text)).count == 4)
        let below = "// Sound, here and below: the handle lives.\ninit() { unsafe a() }\n"
        #expect(
            UnsafeRule.breaches(
                file("Sources/Hardware/Wires/A.swift", below + "func b() { unsafe b() }"))
                == [])
        #expect(
            UnsafeRule.breaches(file("Sources/Core/Delivery/A.swift", "nonisolated(unsafe) var a"))
                == [])
    }

    @Test func `about codecs sees a name in code and in texts, and lets comments pass`() {
        for offender in [
            "let a: GridworksCodec", "let a = \"gridworks\"", "case gridworks  // one",
        ] {
            let name = "gridworks"
            for (path, count) in [("Core/Layouts", 1), ("Upstreams/Gridworks", 0)] {
                let file = file("Sources/\(path)/A.swift", offender)
                #expect(CodecRule.breaches(file, of: name).count == count)
            }
        }
        #expect(
            CodecRule.breaches(
                file("Sources/Core/Layouts/A.swift", "// As GridWorks has it."), of: "gridworks")
                == [])
    }

    @Test(arguments: [
        "log(\"upstream was told\")", "let a = \"\\(node): gives back \\(b)\"",
        "let a = \"\"\"\n    Nobody answers.\n    \"\"\"", "topic(\"authority\")",
        "let a = \"\\(read(\"no trouble\"))\"",
    ]) func `about words sees`(offender: String) {
        #expect(GlossaryRule.breaches(file("Sources/Core/Nodes/A.swift", offender)).count == 1)
        #expect(GlossaryRule.breaches(page: "README.md", offender).count == 1)
    }

    @Test(arguments: [
        "// Nobody told it.", "let told = heard", "let a = \"the certificate authority\"",
        "let a = \"measured, untold\"",
    ]) func `about words lets pass`(text: String) {
        #expect(GlossaryRule.breaches(file("Sources/Core/Nodes/A.swift", text)) == [])
    }

    @Test func `about documentation sees each public declaration that is not explained`() {
        let text = """
            public struct Tank {
                public let level: Int
                public init(level: Int) { self.level = level }
                public var isFull: Bool { level > 9 }
                public mutating func fill() {}
                public static func < (left: Self, right: Self) -> Bool { true }
                public func read() {}
                func quiet() {}
            }
            """
        let file = file("Sources/Base/Vocabulary/Tank.swift", text)
        #expect(
            DocumentationRule.breaches(file, requirements: ["read"]) == [
                "Sources/Base/Vocabulary/Tank.swift:1: public struct Tank without a doc comment",
                "Sources/Base/Vocabulary/Tank.swift:4: public var isFull without a doc comment",
                "Sources/Base/Vocabulary/Tank.swift:5: public func fill without a doc comment",
            ])
        let explained = "/// A tank.\n@frozen\npublic struct Tank {}"
        #expect(
            DocumentationRule.breaches(
                SourceFile("Sources/Base/Vocabulary/Tank.swift", explained), requirements: []) == []
        )
    }

    @Test func `about documentation knows what protocols ask for`() {
        let text = """
            public protocol Driver {
                static var model: Model { get }
                mutating func read() throws -> [Int]
            }
            struct Other { func write() {} }
            """
        #expect(
            DocumentationRule.requirements(file("Sources/Hardware/DriverKit/Driver.swift", text))
                == ["model", "read"])
    }

    @Test func `about length lets 400 lines pass and no more`() {
        let lines = String(repeating: "let a = 0\n", count: 400)
        #expect(WordRules.length(file("Sources/Core/Nodes/A.swift", lines)) == [])
        #expect(
            WordRules.length(file("Sources/Core/Nodes/A.swift", lines + "let b = 0")).count == 1)
    }

    @Test func `about drivers says which of the four is missing`() {
        func breaches(
            files: [String] = ["RelayDriver.swift", "TankDriver.swift"],
            registry: String = "        RelayDriver.self,\n        TankDriver.self,\n",
            pages: [String] = ["README.md", "relay.md", "tank.md"],
            tests: [String] = ["RelayDriverTests.swift", "TankDriverTests.swift"]
        ) -> [String] {
            DriverRule.breaches(
                files: files, registry: registry, pages: pages, tests: tests,
                models: [("RelayDriver", "relay"), ("TankDriver", "tank")])
        }
        #expect(breaches() == [])
        #expect(breaches(files: ["RelayDriver.swift"]) == ["tank: no file TankDriver.swift"])
        #expect(
            breaches(registry: "    TankDriver.self,\n")
                == ["RelayDriver.swift: no line in the registry"])
        #expect(
            breaches(registry: "    TankDriver.self,\n    RelayDriver.self,\n")
                == ["the registry is not in alphabetical order"])
        #expect(breaches(pages: ["tank.md"]) == ["relay: no page relay.md"])
        #expect(
            breaches(pages: ["boiler.md", "relay.md", "tank.md"])
                == ["boiler.md: there is no such driver"])
        #expect(
            breaches(tests: ["TankDriverTests.swift"])
                == ["relay: no test file RelayDriverTests.swift"])
    }

    @Test func `about settings sees an option and a variable that no page explains`() {
        let run = #"resolve(line, "--seed", "TIDEGATE_SEED", form: "a number")"#
        #expect(SettingsRule.namesOfRun(run) == ["--seed", "TIDEGATE_SEED"])
        #expect(
            SettingsRule.namesMissing(["--seed", "TIDEGATE_SEED"], in: "`--seed`")
                == ["TIDEGATE_SEED"])
    }
}

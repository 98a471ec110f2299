import DriverKit
import Drivers
import Foundation
import Testing

/// The commands that look at something and end.
@Suite(.timeLimit(.minutes(10))) struct `The program` {
    private let home: TestHome

    init() throws { home = try TestHome() }

    @Test(arguments: [
        [], ["run"], ["layout"], ["layout", "check"], ["layout", "show"], ["layout", "schema"],
        ["drivers"], ["watch"], ["set"], ["release"],
    ]) func `explains each of its commands`(command: [String]) async throws {
        let program = try Program(command + ["--help"], ["HOME": home.path])
        #expect(await program.end() == 0)
        #expect(program.text.contains("USAGE: " + (["tidegate"] + command).joined(separator: " ")))
        #expect(program.errors == [])
    }

    @Test func `lists all of its commands, and the statuses that it ends with`() async throws {
        let program = try home.start("--help")
        #expect(await program.end() == 0)
        for command in ["run", "layout", "drivers", "watch", "set", "release"] {
            #expect(program.output.contains { $0.hasPrefix("  \(command) ") }, "\(command)")
        }
        let words = Set(program.text.split(whereSeparator: \.isWhitespace))
        for status in ["0", "1", "64", "65", "66", "69", "70", "71", "75", "78", "130"] {
            #expect(words.contains(Substring(status)), "\(status)")
        }
    }

    @Test func `ends with 64 for a command line that it does not understand`() async throws {
        #expect(try await home.start("frobnicate").end() == 64)
        #expect(try await home.start("run").end() == 64)
        #expect(try await home.start("run", TestHome.demo, "--loud").end() == 64)
        #expect(try await home.start("set", "Pump!", "on").end() == 64)
        #expect(try await home.start("set", "pump", "on", "--timeout", "0").end() == 64)
        #expect(try await home.start("set", "pump", "on", "--for", "soon").end() == 64)
        #expect(try await home.start("release", "Pump!").end() == 64)
    }

    @Test func `ends with 0 for good layouts, 1 for problems, 66 for no file`() async throws {
        let broken = try home.file("broken.json", #"{"gateway": "d1.a.scada", "nodes": []}"#)
        let good = try home.start("layout", "check", TestHome.demo)
        #expect(await good.end() == 0)
        #expect(good.output == ["\(TestHome.demo): good"])

        let bad = try home.start("layout", "check", TestHome.demo, broken)
        #expect(await bad.end() == 1)
        #expect(bad.output.contains { $0.hasPrefix("\(broken), nodes (line 1)") })
        #expect(bad.output.last == "\(broken): 1 problem")

        let missing = try home.start("layout", "check", broken, "\(home.path)/none.json")
        #expect(await missing.end() == 66)
        #expect(missing.errors.contains { $0.contains("none.json: No such file") })
    }

    @Test(arguments: ["run", "layout show"])
    func `refuses to use a layout with problems or none`(command: String) async throws {
        let words = command.split(separator: " ").map(String.init)
        let broken = try home.file("broken.json", "{")
        let environment = ["HOME": home.path]
        let bad = try Program(words + [broken], environment)
        #expect(await bad.end() == 1)
        #expect(bad.errors.contains { $0.contains("broken.json") })
        let missing = try Program(words + ["\(home.path)/none.json"], environment)
        #expect(await missing.end() == 66)
    }

    @Test func `ends with 78 for settings that are invalid, and names all of them`() async throws {
        let program = try home.start(
            "run", TestHome.demo, "--log-level", "loud", "--broker", "here",
            with: ["TIDEGATE_SEED": "many"])
        #expect(await program.end() == 78)
        #expect(program.errors.count == 3)
        #expect(program.text.contains("command line, --log-level: \"loud\" must be"))
        #expect(program.text.contains("environment, TIDEGATE_SEED: \"many\" must be"))
        let nobody = try home.start("watch")
        #expect(await nobody.end() == 78)
        #expect(nobody.text.contains("no gateway of this user runs on this machine"))
    }

    @Test func `ends with 69 when there is no broker to set through`() async throws {
        let program = try home.start(
            "set", "pump", "on", "--broker", "mqtt://127.0.0.1:1", "--gateway", "d1.demo.scada")
        #expect(await program.end() == 69)
        #expect(program.text.contains("127.0.0.1:1"))
    }

    @Test func `prints the schema that is shipped`() async throws {
        let program = try home.start("layout", "schema")
        #expect(await program.end() == 0)
        let shipped = TestHome.repository.appendingPathComponent(
            "hardware-layouts/hardware-layout.schema.json")
        #expect(
            program.output.joined(separator: "\n") + "\n"
                == (try String(contentsOf: shipped, encoding: .utf8)))
    }

    @Test func `shows every driver, or one, or names the one that was meant`() async throws {
        let all = try home.start("drivers")
        #expect(await all.end() == 0)
        for driver in DriverRegistry.standard.drivers {
            #expect(all.output.contains { $0.hasPrefix("\(driver.model): ") }, "\(driver.model)")
        }
        let one = try home.start("drivers", "ds18b20")
        #expect(await one.end() == 0)
        #expect(one.output.first?.hasPrefix("ds18b20: ") == true)
        #expect(one.output.count < 20)
        let wrong = try home.start("drivers", "ds18b2")
        #expect(await wrong.end() == 1)
        #expect(wrong.text.contains("did you mean ds18b20"))
    }

    @Test func `shows the registers of a profile, or names the one that was meant`() async throws {
        let one = try home.start("drivers", "modbus-meter", "--profile", "eastron-sdm630")
        #expect(await one.end() == 0)
        let energy = try #require(one.output.first { $0.contains("  energy-import ") })
        for word in ["wattHour", "input", "72", "float32"] {
            #expect(energy.contains(" \(word) "), "\(word)")
        }
        let near = try home.start("drivers", "--profile", "sdm120")
        #expect(await near.end() == 1)
        #expect(near.text.contains("did you mean eastron-sdm120"))
        let other = try home.start("drivers", "ds18b20", "--profile", "eastron-sdm120")
        #expect(await other.end() == 1)
    }

    @Test func `names each profile that the user of a service cannot read or that all may write`()
        async throws
    {
        let layout = try home.file(
            "house.json",
            """
            {"gateway": "d1.demo", "buses": [{"name": "net", "host": "meter"}], "nodes": [
              {"name": "meter", "kind": "meter", "component": {
                "driver": "modbus-meter", "bus": "net", "unit": 1, "profile": "own"}}]}
            """)
        let folder = "\(home.path)/profiles"
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: home.path)
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
        let profile = try home.file(
            "profiles/own.json",
            """
            {"title": "t", "maker": "m", "models": ["d"], "source": "s",
             "registers": [{"name": "power", "address": 1, "type": "int16", "unit": "watt"}]}
            """)
        func words(mode: Int) async throws -> (status: Int32?, errors: [String]) {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: profile)
            let program = try home.start("service", layout)
            let status = await program.end()
            return (status, program.errors.filter { $0.contains("/profiles/own.json") })
        }
        let good = try await words(mode: 0o644)
        #expect(good.status == 0 && good.errors == [])
        let closed = try await words(mode: 0o600)
        #expect(closed.status == 0)
        #expect(closed.errors.count == 1)
        #expect(closed.errors.first?.contains("the service's user cannot read it") == true)
        let open = try await words(mode: 0o666)
        #expect(open.status == 1)
        #expect(open.errors.first?.contains("may be written by all users") == true)
    }

    @Test func `shows what the numbers of a state mean`() async throws {
        let program = try home.start("drivers", "sunspec")
        #expect(await program.end() == 0)
        for words in [
            "models 101 to 103 and 111 to 113: 1 off, 2 sleeping", "model 701: 0 off, 1 sleeping",
            "models 124 and 802: 1 off, 2 empty", "model 713: 1 no warnings or errors",
        ] {
            #expect(program.output.contains { $0.contains("note: ") && $0.contains(words) })
        }
    }

    /// A layout with a profile of its own beside it.
    private func own(_ profile: String, named name: String = "own") throws -> String {
        let folder = "\(home.path)/o'clock house"
        try FileManager.default.createDirectory(
            atPath: folder + "/profiles", withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
        let file = try home.file("o'clock house/profiles/own.json", profile)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        return try home.file(
            "o'clock house/house.json",
            """
            {"gateway": "d1.demo", "buses": [{"name": "net", "host": "meter"}], "nodes": [
              {"name": "meter", "kind": "meter", "component": {
                "driver": "modbus-meter", "bus": "net", "unit": 1, "profile": "\(name)"}}]}
            """)
    }

    @Test func `finds the same mistakes in a profile, whichever command reads it`() async throws {
        let layout = try own(
            """
            {"title": "t", "title": "u", "maker": "m", "models": ["d"], "colour": "red",
             "registers": [
              {"name": "a", "address": 1, "type": "int16", "unit": "watt", "scale": 0},
              {"name": "b", "address": 2, "typ": "int16", "unit": "watt", "lowest": 5, "highest": 4}]}
            """)
        let file = layout.replacing("house.json", with: "profiles/own.json")
        func mistakes(_ arguments: [String]) async throws -> [String] {
            let program = try home.start(arguments)
            #expect(await program.end() == 1)
            return (program.output + program.errors).compactMap { line in
                line.firstRange(of: "\(file), ").map { String(line[$0.upperBound...]) }
            }
        }
        let check = try await mistakes(["layout", "check", layout])
        #expect(check.count >= 6, "\(check)")
        #expect(try await mistakes(["drivers", "--profile", file]) == check)
        #expect(try await mistakes(["drivers", "--profile", "own", "--layout", layout]) == check)
    }

    @Test func `gives commands in its hints that can be pasted as they are`() async throws {
        let layout = try own(
            """
            {"title": "t", "maker": "m", "models": ["d"], "source": "s",
             "registers": [{"name": "power", "address": 1, "type": "int16", "unit": "watt"}]}
            """, named: "owm")
        let check = try home.start("layout", "check", layout)
        #expect(await check.end() == 1)
        let command = try #require(check.text.split(separator: "`").dropFirst().first)
        let quoted = layout.replacing("'", with: "'\\''")
        #expect(command == "tidegate drivers --profiles --layout '\(quoted)'")
        let unknown = try home.start("drivers", "--profile", "owm", "--layout", layout)
        #expect(await unknown.end() == 1)
        #expect(unknown.text.contains("`\(command)`"))
        let list = try home.start("drivers", "--profiles", "--layout", layout)
        #expect(await list.end() == 0)
        #expect(list.output.contains { $0.hasPrefix("own ") })
    }

    @Test func `warns of an address that was taken from a manual as it stands there`() async throws
    {
        func told(_ address: Int, _ function: String) async throws -> [String] {
            let layout = try home.file(
                "manual.json",
                """
                {"gateway": "d1.demo", "buses": [{"name": "net", "host": "meter"}], "nodes": [
                  {"name": "meter", "kind": "meter", "component": {
                    "driver": "modbus-meter", "bus": "net", "unit": 1, "registers": [
                      {"name": "power", "address": \(address), "function": "\(function)",
                       "type": "int16", "unit": "watt"}]}}]}
                """)
            let check = try home.start("layout", "check", layout)
            #expect(await check.end() == 0)
            return check.output.filter { $0.contains("warning") }
        }
        let holding = try await told(40101, "input")
        #expect(holding.count == 1)
        #expect(holding.first?.contains("registers[0].address") == true)
        #expect(holding.first?.contains("holding register 100") == true)
        #expect(try await told(30001, "input").first?.contains("input register 0") == true)
        // Where SunSpec has its registers, by their addresses on the wire.
        #expect(try await told(40101, "holding") == [])
        #expect(try await told(100, "input") == [])
    }

    @Test func `shows what a layout makes`() async throws {
        let program = try home.start("layout", "show", TestHome.demo)
        #expect(await program.end() == 0)
        for word in [
            "pump", "tank-top", "power-voltage", "rs485", "tidegate/d1.demo.scada/set/pump",
        ] {
            #expect(program.text.contains(word), "\(word)")
        }
    }
}

/// `run --explain-settings`, layer by layer.
@Suite(.timeLimit(.minutes(10))) struct `A setting` {
    private let home: TestHome
    private let layout: String

    private static let variables = [
        "TIDEGATE_BROKER": "mqtt://environment:1", "TIDEGATE_LOG_LEVEL": "debug",
        "TIDEGATE_LOG_FORMAT": "json", "TIDEGATE_STATE_DIRECTORY": "/environment",
        "TIDEGATE_SEED": "3", "TIDEGATE_SIMULATE": "false",
    ]

    init() throws {
        home = try TestHome()
        layout = try home.file(
            "layout.json",
            """
            {"gateway": "d1.a.scada",
             "nodes": [{"name": "host", "kind": "sensor", "component": {"driver": "host-health"}}],
             "settings": {"logLevel": "error", "logFormat": "text", "stateDirectory": "/layout",
                          "seed": 2, "simulate": true}}
            """)
    }

    private func explained(_ program: Program) async -> [String: [String]] {
        #expect(await program.end() == 0)
        var settings: [String: [String]] = [:]
        for line in program.output.dropFirst() {
            // Columns are two spaces apart at least; values have single ones.
            let cells = line.split(separator: "  ").map {
                $0.trimmingCharacters(in: .whitespaces)
            }.filter { !$0.isEmpty }
            settings[cells[0]] = Array(cells.dropFirst())
        }
        return settings
    }

    @Test func `of the command line goes before all others`() async throws {
        let settings = await explained(
            try home.start(
                "run", layout, "--explain-settings", "--broker", "mqtt://line:1", "--log-level",
                "trace", "--log-format", "text", "--state-directory", "/line", "--seed", "4",
                "--simulate", with: Self.variables))
        #expect(
            settings == [
                "broker": ["mqtt://line:1", "command line, --broker"],
                "logLevel": ["trace", "command line, --log-level"],
                "logFormat": ["text", "command line, --log-format"],
                "stateDirectory": ["/line/simulated", "command line, --state-directory"],
                "seed": ["4", "command line, --seed"],
                "simulate": ["true", "command line, --simulate"],
                "realUpstreams": ["false", "default"],
            ])
    }

    @Test func `of the environment goes before the layout's`() async throws {
        let settings = await explained(
            try home.start("run", layout, "--explain-settings", with: Self.variables))
        #expect(
            settings == [
                "broker": ["mqtt://environment:1", "environment, TIDEGATE_BROKER"],
                "logLevel": ["debug", "environment, TIDEGATE_LOG_LEVEL"],
                "logFormat": ["json", "environment, TIDEGATE_LOG_FORMAT"],
                "stateDirectory": ["/environment", "environment, TIDEGATE_STATE_DIRECTORY"],
                "seed": ["3", "environment, TIDEGATE_SEED"],
                "simulate": ["false", "environment, TIDEGATE_SIMULATE"],
                "realUpstreams": ["false", "default"],
            ])
    }

    @Test func `of the layout goes before the default`() async throws {
        let settings = await explained(try home.start("run", layout, "--explain-settings"))
        #expect(
            settings == [
                "broker": ["embedded", "simulate"],
                "logLevel": ["error", "layout, settings"],
                "logFormat": ["text", "layout, settings"],
                "stateDirectory": ["/layout/simulated", "layout, settings"],
                "seed": ["2", "layout, settings"],
                "simulate": ["true", "layout, settings"],
                "realUpstreams": ["false", "default"],
            ])
    }

    @Test func `that is not given has a default`() async throws {
        let settings = await explained(try home.start("run", TestHome.demo, "--explain-settings"))
        #expect(
            settings == [
                "broker": ["from each upstream", "default"],
                "logLevel": ["info", "default"],
                "logFormat": ["json", "default"],
                "stateDirectory": ["\(home.path)/state/tidegate/d1.demo.scada", "default"],
                "seed": ["1", "default"],
                "simulate": ["false", "default"],
                "realUpstreams": ["false", "default"],
            ])
    }
}

/// `layout import`, and what becomes of what it makes.
@Suite(.timeLimit(.minutes(10))) struct `An imported layout's file` {
    @Test func `is good as it stands, and runs its checks with the upstream`() async throws {
        let home = try TestHome()
        let sample = TestHome.repository.appendingPathComponent(
            "Tests/GridworksImportTests/Samples/house.json"
        ).path
        let made = "\(home.path)/house.json"
        let program = try home.start("layout", "import", sample, "--output", made)
        #expect(await program.end() == 0, "\(program.text)")
        let check = try home.start("layout", "check", made)
        #expect(await check.end() == 0, "\(check.text)")
        #expect(check.output == ["\(made): good"])
        let text = try String(contentsOfFile: made, encoding: .utf8)
        #expect(text.contains("\"codec\": \"gridworks\""))
        let again = try home.start("layout", "import", sample, "--output", made)
        #expect(await again.end() == 1)
        #expect(try String(contentsOfFile: made, encoding: .utf8) == text)
    }
}

import DriverKit
import Drivers
import Layouts
import StandardCodecs
import TestMachine
import Testing

/// The rules of the house, held against every file in it.
@Suite(.ownThread, .serialized) struct `The house` {
    @Test func `imports only what Package.swift lists for the room, and all of that`() throws {
        let arrows = Arrows(package: try Repository.text("Package.swift"))
        #expect(arrows.rooms.count >= 20 && arrows.tests.count >= 20)
        let files = try (Repository.product() + Repository.files("Tests"))
            .filter { $0.room != "TestMachine" }
        for file in files { #expect(arrows.breaches(file) == []) }
        #expect(arrows.unused(in: files) == [])
    }

    @Test func `has imports that draw no arrow up the list and no cycle`() throws {
        let arrows = Arrows(package: try Repository.text("Package.swift"))
        let graph = ImportGraph(arrows.rooms, files: try Repository.product())
        print(graph.lines.joined(separator: "\n"))
        #expect(graph.breaches == [])
    }

    @Test func `has arrows that point up the list, and one place that chooses wires`() throws {
        #expect(Arrows(package: try Repository.text("Package.swift")).wrongArrows == [])
        let files = try Repository.product()
        for module in ["Wires", "Simulators"] {
            let rooms = files.filter { $0.imports.contains { $0.module == module } }.map(\.room)
            #expect(Set(rooms) == ["Gateway"])
        }
    }

    @Test func `has a line for each room on its page of rooms`() throws {
        let page = try Repository.text("docs/development/architecture.md")
        for room in Arrows(package: try Repository.text("Package.swift")).rooms {
            #expect(
                page.contains("\n| `\(room.name)` |"),
                "docs/development/architecture.md: \(room.name)")
        }
    }

    @Test func `has a core that knows no codec by name`() throws {
        // The first one's name is a word of plain English.
        for codec in CodecRegistry.standard.codecs.dropFirst() {
            for file in try Repository.product() {
                #expect(CodecRule.breaches(file, of: codec.name) == [])
            }
        }
    }

    @Test func `takes time and chance from outside`() throws {
        for file in try Repository.product() { #expect(WordRules.timeAndChance(file) == []) }
    }

    @Test func `has no trap where it should say what is wrong`() throws {
        for file in try Repository.product() { #expect(WordRules.traps(file) == []) }
    }

    @Test func `proves each promise about threads, and gives a reason for each unsafe`() throws {
        for file in try Repository.product() {
            #expect(WordRules.promises(file) == [])
            #expect(UnsafeRule.breaches(file) == [])
        }
    }

    @Test func `uses the words of the field in all that users see`() throws {
        for file in try Repository.product() {
            #expect(GlossaryRule.breaches(file) == [])
        }
        for page in try Repository.pages() {
            #expect(GlossaryRule.breaches(page: page, try Repository.text(page)) == [])
        }
    }

    @Test func `explains what it declares public`() throws {
        let files = try Repository.product()
        let requirements = files.reduce(into: Set<String>()) {
            $0.formUnion(DocumentationRule.requirements($1))
        }
        for file in files {
            #expect(DocumentationRule.breaches(file, requirements: requirements) == [])
        }
    }

    @Test func `has no file of more than 400 lines`() throws {
        let files =
            try Repository.product()
            + Repository.files("Tests") + Repository.files("Sources", ending: [".c", ".h"])
        for file in files { #expect(WordRules.length(file) == []) }
    }

    @Test func `has a first page of at most 120 lines`() throws {
        let lines = try Repository.text("README.md").split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 120)
    }

    @Test func `has a file, a registry line, a page and a test for each driver`() throws {
        let drivers = DriverRegistry.standard.drivers
        #expect(
            DriverRule.breaches(
                files: try Repository.files("Sources/Hardware/Drivers").map(\.name),
                registry: try Repository.text(
                    "Sources/Hardware/Drivers/DriverRegistry+standard.swift"),
                pages: try Repository.names("docs/reference/drivers"),
                tests: try Repository.files("Tests/DriversTests").map(\.name),
                models: drivers.map { ("\($0)", $0.model.text) }) == [])
    }

    @Test func `ships layouts that load`() throws {
        let names = try Repository.names("hardware-layouts")
            .filter { $0.hasSuffix(".json") && !$0.hasSuffix(".schema.json") }
        #expect(names.count >= 3)
        for name in names {
            let text = try Repository.text("hardware-layouts/\(name)")
            let (layout, problems) = LayoutReader.read(
                Array(text.utf8), registry: .standard, codecs: .standard)
            #expect(layout != nil, "\(name)")
            #expect(problems.map(\.description) == [], "\(name)")
        }
    }

    @Test func `explains every option and environment variable of its settings`() throws {
        let page = try Repository.text("docs/reference/layout.md")
        let names = SettingsRule.namesOfRun(
            try Repository.text("Sources/Programs/CommandLine/ResolvedSettings.swift"))
        #expect(names.count == 14)
        #expect(SettingsRule.namesMissing(names, in: page) == [])
    }
}

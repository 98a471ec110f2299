import Documents
import DriverKit
import Drivers
import Foundation
import Layouts
import StandardCodecs
import Testing
import Vocabulary

let shippedFolder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("hardware-layouts")

func shipped(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: shippedFolder.appendingPathComponent(name)))
}

@Suite struct `A layout that comes with Tidegate` {
    static let names =
        ((try? FileManager.default.contentsOfDirectory(atPath: shippedFolder.path)) ?? [])
        .filter { $0.hasSuffix(".json") && !$0.hasSuffix(".schema.json") }.sorted()

    private func layout(_ name: String) throws -> HardwareLayout {
        let (layout, problems) = LayoutReader.read(
            try shipped(name), registry: .standard, codecs: .standard)
        #expect(problems.map(\.description) == [])
        return try #require(layout)
    }

    @Test(arguments: names) func `has no problem`(name: String) throws {
        #expect(try !layout(name).nodes.isEmpty)
    }

    @Test func `for a demonstration has every driver once, all but the host's simulated`() throws {
        let components = try layout("demo.json").nodes.map(\.component)
        #expect(
            components.map(\.model).sorted() == DriverRegistry.standard.drivers.map { $0.model })
        #expect(
            components.filter { !$0.isSimulated }.map(\.model.text) == ["host-health"])
    }

    @Test func `for any host has only what the host says of itself`() throws {
        let layout = try layout("host.json")
        #expect(layout.nodes.map(\.component.model.text) == ["host-health"])
        #expect(layout.upstreams.map(\.broker) == [.embedded])
    }

    @Test func `for a house has the relays, thermometers and meters of one`() throws {
        let layout = try layout("house-heat-pump.json")
        let models = layout.nodes.map(\.component.model.text)
        #expect(models.count { $0 == "gpio-relay" } == 8)
        #expect(models.count { $0 == "ds18b20" } == 12)
        #expect(models.count { $0 == "gpio-pulse-counter" } == 2)
        #expect(models.count { $0 == "modbus-meter" } == 1)
        let load = try #require(layout.busPlans(registry: .standard).first)
        #expect((1...50).contains(load.percent))
    }
}

@Suite struct `The schema` {
    private let text = LayoutSchema.text(registry: .standard, codecs: .standard)

    @Test func `that is shipped is the one that the descriptions make`() throws {
        if ProcessInfo.processInfo.environment["TIDEGATE_RECORD"] != nil {
            try text.write(
                to: shippedFolder.appendingPathComponent("hardware-layout.schema.json"),
                atomically: true, encoding: .utf8)
            return
        }
        let shipped = String(
            decoding: try shipped("hardware-layout.schema.json"), as: UTF8.self)
        #expect(shipped == text, "the schema is old: make docs")
    }

    @Test func `is JSON and the same at every call`() {
        #expect(text == LayoutSchema.text(registry: .standard, codecs: .standard))
        #expect(JsonParser.parse(Array(text.utf8)).problems == [])
    }
}

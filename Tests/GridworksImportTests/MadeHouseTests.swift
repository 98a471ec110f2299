import Documents
import DriverKit
import Gridworks
import Layouts
import StandardCodecs
import Testing
import Vocabulary

/// Whole houses, in the forms of 2026.
@Suite struct `A GridWorks house` {
    struct Case: CustomTestStringConvertible, Sendable {
        let house: MadeHouse
        let count: Int
        /// The drivers that its channels have, with how many each.
        let taken: [String: Int]
        /// What the rest hangs on, with how many channels each.
        let left: [(word: String, count: Int)]
        var testDescription: String { "\(count) channels" }
    }

    static let houses = [
        Case(
            house: .beech, count: 67,
            taken: ["modbus-meter": 7, "iio-adc": 4, "gpio-relay": 16, "dfr0971": 3],
            left: [("a Pico", 31), ("Hubitat", 6)]),
        Case(
            house: .spruce, count: 51,
            taken: ["modbus-meter": 5, "gpio-contact": 3, "gpio-relay": 1, "iio-adc": 6],
            left: [("a Pico", 36)]),
    ]

    @Test(arguments: houses, [false, true])
    func `has every channel taken over that has a driver, and all others named`(
        _ which: Case, isListed: Bool
    ) throws {
        let (house, made) = (which.house, try imported(which.house, isListed: isListed))
        let layout = try layout(made)
        #expect(house.channelCount == which.count)
        let drivers = layout.nodes.flatMap { node in
            node.component.channels.map { _ in node.component.model.text }
        }
        let taken = Dictionary(drivers.map { ($0, 1) }, uniquingKeysWith: +)
        #expect(taken == which.taken)
        let left = made.notes.filter { $0.hasPrefix("not imported: ") }
        for (word, count) in which.left {
            let notes = left.filter { $0.contains(word) && $0.contains("; channels ") }
            let named = notes.flatMap {
                $0.split(separator: "; channels ")[1].split(separator: ",")
            }
            #expect(named.count == count, "\(word): \(notes)")
        }
        #expect(taken.values.reduce(0, +) + which.left.map(\.count).reduce(0, +) == which.count)
    }

    @Test func `keeps the periods of its second file`() throws {
        let made = try imported(.beech, isListed: true)
        let channels = try layout(made).nodes.flatMap(\.component.channels)
        #expect(Set(channels.map(\.pollPeriod)) == [.seconds(2)])
        #expect(Set(channels.map(\.capture.period)) == [.seconds(60)])
        #expect(channels.filter { $0.unit != .onOff }.allSatisfy { $0.capture.delta == 7 })
        #expect(!made.notes.contains { $0.contains("periods") })
    }

    @Test func `has power metered where a computed channel sums it up`() throws {
        let upstream = try #require(try layout(imported(.spruce, isListed: true)).upstreams.first)
        let link = try #require(upstream.codec.settings as? GridworksSettings)
        #expect(link.powerMetering == ["load1-pwr": 4500])
        let left = try imported(.spruce, isListed: true).notes
        #expect(
            left.contains { $0.contains("channel usable-energy: it is computed (system-model)") })
        #expect(!left.contains { $0.contains("transactive-power") })
    }

    @Test func `has the thermistors of a TSnap1 read by the formula of GridWorks' driver`() throws {
        let nodes = try layout(imported(.beech, isListed: false)).nodes
        func settings(_ name: String) throws -> Settings {
            try #require(nodes.first { $0.name.text == name }).component.settings
        }
        let pipe = try settings("pipe2")
        #expect(try pipe.text("address") == "i2c/1-0049")
        #expect(try pipe.text("input") == "voltage0")
        #expect(pipe["thermistor"]?["supplyMillivolt"]?.number == DecimalNumber(mantissa: 4850))
        #expect(pipe["thermistor"]?["openMillivolt"]?.number == DecimalNumber(mantissa: 4700))
        #expect(pipe["thermistor"]?["beta"]?.number == DecimalNumber(mantissa: 3977))
        #expect(try pipe.decimal("averaging") == DecimalNumber(mantissa: 2, exponent: -1))
        #expect(try settings("pipe1").decimal("averaging") == DecimalNumber(mantissa: 1))
    }

    @Test(arguments: houses)
    func `keeps what its parent knows channels and nodes by`(_ which: Case) throws {
        let layout = try layout(imported(which.house, isListed: true))
        let codec = try #require(layout.upstreams.first).codec
        let link = try #require(codec.settings as? GridworksSettings)
        let (document, _) = JsonDocument.parse(which.house.listed)
        let channels = layout.nodes.flatMap(\.component.channels)
        #expect(channels.count == which.taken.values.reduce(0, +))
        let nodes = Dictionary(uniqueKeysWithValues: link.nodes.map { ($0.name.text, $0) })
        for channel in channels {
            let there = try #require(
                document?["DataChannels"]?.list?.first { $0["Name"]?.text == channel.name.text })
            let names = try #require(link.channels[channel.name])
            #expect(names.id == there["Id"]?.text)
            #expect(names.title == "Series \(channel.name)")
            #expect((names.about ?? channel.node).text == there["AboutNodeName"]?.text)
            #expect((names.capturedBy ?? channel.node).text == there["CapturedByNodeName"]?.text)
            #expect(names.telemetryName == there["TelemetryName"]?.text)
            let thing = try #require(there["AboutNodeName"]?.text)
            let known = try #require(
                document?["ShNodes"]?.list?.first { $0["Name"]?.text == thing })
            #expect(nodes[thing]?.id == known["ShNodeId"]?.text)
            #expect(nodes[thing]?.title == "The \(thing)")
        }
    }

    private func imported(_ house: MadeHouse, isListed: Bool) throws -> LayoutImport {
        let tunings = GridworksTunings.read(Array(house.params.utf8))
        #expect(tunings.problems == [])
        let (read, problems) = GridworksLayout.read(
            Array((isListed ? house.listed : house.text).utf8),
            tunings: isListed ? tunings.tunings : nil)
        #expect(problems.map(\.description) == [])
        return LayoutImport(try #require(read))
    }

    private func layout(_ made: LayoutImport) throws -> HardwareLayout {
        let (read, problems) = LayoutReader.read(
            Array(made.text.utf8), registry: .standard, codecs: .standard)
        #expect(problems.map(\.description) == [])
        return try #require(read)
    }
}

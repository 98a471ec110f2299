import Codecs
import Health
import PlainJson
import TestMachine
import Testing
import Vocabulary

@testable import CommandLine

@Suite struct `The live table` {
    private let house: GatewayName = "d1.maple7.scada"
    private let start = Timestamp(
        wall: WallTime(nanoseconds: 1_000_000_000_000),
        monotonic: MonotonicInstant(nanoseconds: 1_000_000_000_000))

    private func later(_ seconds: Int64) -> Timestamp {
        Timestamp(
            wall: start.wall.advanced(by: .seconds(seconds)),
            monotonic: start.monotonic.advanced(by: .seconds(seconds)))
    }

    private func node(_ name: ShNodeName, _ kind: NodeKind, _ channels: [DataChannelName])
        -> NodeProfile
    {
        NodeProfile(
            name: name, kind: kind, title: name.text, driver: "ds18b20", isSimulated: false,
            channels: channels.map {
                DataChannel(
                    name: $0, node: name, source: "value", unit: .celsius, exponent: -1,
                    pollPeriod: .seconds(1), capture: CaptureRule(period: .seconds(60), delta: nil))
            })
    }

    private func row(
        _ node: String, _ text: String = "21.5 °C", quality: Quality = .good,
        of gateway: String? = nil
    ) -> LiveRow {
        LiveRow(
            gateway: gateway ?? house.text, node: node, channel: node, text: text, quality: quality,
            at: start.wall)
    }

    private func status(_ state: LinkStatus.State) -> PlainStatus {
        PlainStatus(
            own: LinkStatus(
                who: house.text, incarnation: "1", sequence: 1, state: state, interval: .seconds(10)
            ), links: [], at: nil)
    }

    private func fault(
        _ node: ShNodeName, _ kind: Fault.Kind, since: WallTime, _ detail: String = "no answer"
    ) -> ActiveFault {
        ActiveFault(
            node: node, fault: Fault(kind: kind, isOn: true, detail: detail), since: since)
    }

    /// A relay that is well, a thermometer that never answered, one that is well, and a meter of three.
    private func table() -> LiveTable {
        var table = LiveTable(title: "gateway \(house)")
        table.describe(
            GatewayProfile(
                gateway: house, incarnation: "1",
                nodes: [
                    node("attic", .sensor, ["attic"]), node("boiler", .sensor, ["boiler"]),
                    node("meter", .meter, ["meter-a", "meter-b", "meter-c"]),
                    node("pump", .relay, ["pump"]),
                ]))
        table.take([fault("boiler", .notConnected, since: start.wall)], of: house.text)
        for name in ["attic", "pump"] { table.show(row(name)) }
        return table
    }

    @Test func `has relays first, then what is not in order, then the rest`() {
        #expect(table().entries(at: start).map(\.node) == ["pump", "boiler", "meter", "attic"])
    }

    @Test func `has one row for a node that never answered, with its fault`() throws {
        let entries = table().entries(at: start)
        let boiler = try #require(entries.first { $0.node == "boiler" })
        #expect(boiler.channel == "boiler" && boiler.value == "—" && boiler.note == "notConnected")
        #expect(boiler.tone == .bad)
        let meter = entries.filter { $0.node == "meter" }
        #expect(meter.count == 1 && meter[0].channel == "" && meter[0].quality == "no value yet")
    }

    @Test func `has a row for each channel that is missing where others have values`() {
        var table = table()
        table.show(
            LiveRow(
                gateway: house.text, node: "meter", channel: "meter-b", text: "1", quality: .good,
                at: start.wall))
        let meter = table.entries(at: start).filter { $0.node == "meter" }
        #expect(Set(meter.map(\.channel)) == ["meter-a", "meter-b", "meter-c"])
        #expect(meter.filter { $0.quality == "no value yet" }.count == 2)
    }

    @Test(arguments: [LinkStatus.State.unreachable, .closed])
    func `has no good value of a gateway that is gone, by its own word or its last will`(
        state: LinkStatus.State
    ) {
        var table = table()
        let first = table.take(status(.connected), of: house.text, at: start.monotonic)
        #expect(first == "online")
        #expect(table.entries(at: start).contains { $0.quality == "good" })
        #expect(table.take(status(.connected), of: house.text, at: start.monotonic) == nil)
        _ = table.take(status(state), of: house.text, at: start.monotonic)
        let entries = table.entries(at: start)
        #expect(!entries.contains { $0.quality == "good" })
        // What it was stays to be read.
        #expect(entries.contains { $0.quality == "stale" && $0.value == "21.5 °C" })
    }

    @Test func `has no good value of a gateway that falls silent, nor without a connection`() {
        var table = table()
        _ = table.take(status(.connected), of: house.text, at: start.monotonic)
        #expect(table.entries(at: later(29)).contains { $0.quality == "good" })
        #expect(!table.entries(at: later(31)).contains { $0.quality == "good" })
        table.complaint = "not connected"
        #expect(!table.entries(at: start).contains { $0.quality == "good" })
    }

    @Test func `takes a value for old once its node has stopped answering after it`() {
        var table = table()
        table.take([fault("attic", .timeout, since: later(5).wall)], of: house.text)
        let attic = table.entries(at: later(6)).first { $0.node == "attic" }
        #expect(attic?.quality == "stale" && attic?.note == "timeout")
        table.take([fault("attic", .dropped, since: later(5).wall)], of: house.text)
        #expect(table.entries(at: later(6)).first { $0.node == "attic" }?.quality == "good")
    }

    @Test func `shows no number for what is not a number`() {
        var table = table()
        table.show(row("attic", "85 °C", quality: .bad))
        let attic = table.entries(at: start).first { $0.node == "attic" }
        #expect(attic?.value == "—" && attic?.quality == "bad" && attic?.tone == .bad)
    }

    @Test func `leaves out channels that the gateway no longer has`() {
        var table = table()
        table.show(row("ghost"))
        #expect(!table.entries(at: start).contains { $0.node == "ghost" })
    }

    @Test func `keeps no more of strangers than it has room for`() {
        var table = LiveTable(title: "broker")
        for number in 0...LiveTable.mostRows { table.show(row("n\(number)")) }
        #expect(table.rows.count == LiveTable.mostRows)
        let isShown = table.show(row("n1", "2 °C"))
        #expect(isShown && table.rows.count == LiveTable.mostRows)
    }

    // MARK: - Pages

    private func page(
        _ table: LiveTable, _ width: Int, _ height: Int, first: Int = 0, colours: Bool = false
    ) -> LiveTable.Page {
        table.page(
            in: LiveTable.Window(
                width: width, height: height, hasColours: colours, keys: .scrollAndQuit,
                first: first), at: start)
    }

    private func large() -> LiveTable {
        var table = LiveTable(title: "gateway")
        for number in 100..<160 { table.show(row("node\(number)", "\(number).25 kWh")) }
        return table
    }

    @Test(.ownThread, arguments: [3, 6, 12, 19, 24, 61, 200])
    func `fits into the window and shows all of it by and by`(height: Int) {
        let table = large()
        var seen: Set<String> = []
        var first = 0
        for _ in 0..<200 {
            let page = page(table, 80, height, first: first)
            #expect(page.lines.count < max(height, 5))
            for line in page.lines {
                if let node = line.split(separator: " ").first, node.hasPrefix("node") {
                    seen.insert(String(node))
                }
            }
            first = LiveKey.down.move(page.first, room: page.room)
        }
        #expect(seen.count == 60)
    }

    @Test func `stops scrolling at its last row`() {
        let table = large()
        let end = page(table, 80, 20, first: LiveKey.end.move(0, room: 1))
        #expect(end.first + end.room == 60)
        #expect(end.lines.contains { $0.hasPrefix("node159") })
        #expect(page(table, 80, 20, first: -5).first == 0)
    }

    @Test(arguments: 1...120) func `cuts no number, however narrow the window is`(width: Int) {
        var table = LiveTable(title: "gateway")
        let value = "1234567.89 kWh"
        table.show(
            LiveRow(
                gateway: house.text, node: "heat-pump", channel: "heat-pump-energy-import",
                text: value, quality: .good, at: start.wall))
        for line in page(table, width, 24).lines {
            #expect(line.count <= width)
            guard line.contains(where: \.isNumber) else { continue }
            #expect(line.contains(value) || !line.contains("1234"), "\(line)")
        }
        if width >= value.count {
            #expect(page(table, width, 24).lines.contains { $0.contains(value) })
        }
    }

    @Test func `names what is wrong at its foot, and how much more there is`() {
        var table = table()
        var faults: [ActiveFault] = []
        for number in 0..<20 {
            faults.append(
                fault("boiler", .timeout, since: start.wall, "no answer on line \(number)"))
        }
        table.take(faults, of: house.text)
        let lines = page(table, 100, 24).lines
        #expect(lines.contains("20 active faults"))
        #expect(lines.contains { $0.hasPrefix("boiler  timeout  0s  no answer on line 0") })
        #expect(lines.last == "… and 14 more")
    }

    @Test(arguments: [30, 60, 100, 400]) func `breaks long words about a fault between two of them`(
        width: Int
    ) {
        var table = table()
        let detail = "1-wire sensor 28-0316a2791d01: the kernel has no 1-wire bus; enable w1-gpio"
        table.take([fault("boiler", .notConnected, since: start.wall, detail)], of: house.text)
        let lines = page(table, width, 24).lines.drop { $0 != "1 active fault" }.dropFirst()
        #expect(lines.allSatisfy { $0.count <= width })
        let words = lines.joined(separator: " ").split(separator: " ").joined(separator: " ")
        #expect(words.hasSuffix(detail), "\(words)")
    }

    @Test func `has no good value once the gateway that shows it has stopped`() {
        var table = table()
        table.isStopped = true
        #expect(!table.entries(at: start).contains { $0.quality == "good" })
        #expect(page(table, 100, 24).lines.first == "gateway \(house): stopped")
    }

    @Test func `says below all else why nothing comes`() {
        var table = table()
        table.complaint = "not connected: connection refused"
        let page = page(table, 100, 24)
        #expect(page.lines.last == "not connected: connection refused")
        #expect(page.lines.first == "gateway \(house): not connected")
    }

    @Test func `is coloured where it may be, and only what asks to be looked at`() {
        let coloured = page(table(), 100, 24, colours: true).lines
        #expect(coloured.contains { $0.hasPrefix("\u{1B}[31mboiler") })
        #expect(coloured.contains { $0.hasPrefix("pump") })
        #expect(!page(table(), 100, 24).lines.joined().contains("\u{1B}"))
    }

    @Test func `obeys nothing that others wrote`() {
        var table = table()
        table.take([fault("attic", .timeout, since: start.wall, "a\u{1B}[2Jb\nc")], of: house.text)
        #expect(!page(table, 100, 24).lines.joined().contains { "\u{1B}\n".contains($0) })
    }

    @Test func `distinguishes several gateways`() {
        var table = LiveTable(title: "broker")
        table.show(row("pump", of: "d1.a.scada"))
        table.show(row("pump", of: "d1.b.scada"))
        let lines = page(table, 100, 24).lines
        #expect(lines.contains { $0.hasPrefix("d1.a.scada pump") })
        #expect(lines.contains { $0.hasPrefix("d1.b.scada pump") })
    }
}

@Suite struct `A key` {
    private func keys(_ pieces: [UInt8]...) -> [LiveKey] {
        var reader = LiveKeyReader()
        return pieces.flatMap { reader.keys(in: $0) }
    }

    @Test func `is read from letters and from sequences, in pieces too`() {
        #expect(
            keys(Array("jkqgGb ".utf8)) == [.down, .up, .quit, .home, .end, .pageUp, .pageDown])
        #expect(
            keys(Array("\u{1B}[A\u{1B}OB\u{1B}[5~\u{1B}[6~".utf8)) == [
                .up, .down, .pageUp, .pageDown,
            ])
        #expect(keys([0x1B], [0x5B], [0x41]) == [.up])
    }

    @Test func `that is not known does nothing and swallows none that is`() {
        #expect(keys(Array("\u{1B}[1;5C\u{1B}[200~xyz\u{1B}q".utf8)) == [.quit])
        #expect(keys(Array(repeating: 0x31, count: 40), [0x6A]) == [.down])
        #expect(keys([0x1B, 0x5B] + Array(repeating: 0x31, count: 40), [0x6A]).count <= 1)
    }
}

@Suite struct `A number for people` {
    @Test(
        arguments: [
            ("82012345678", Unit.byte, "82 GB"), ("999", .byte, "999 B"), ("1500", .byte, "1.5 kB"),
            ("12345", .wattHour, "12.3 kWh"), ("1234567", .wattHour, "1234.6 kWh"),
            ("1234567890123", .wattHour, "1234567.9 MWh"), ("-2160.4", .watt, "-2.16 kW"),
            ("999.9", .watt, "999.9 W"), ("21.500", .celsius, "21.5 °C"), ("0", .wattHour, "0 Wh"),
            ("101325", .pascal, "101.3 kPa"), ("1", .onOff, "on"), ("0", .onOff, "off"),
            ("119", .second, "119 s"), ("11100", .second, "3 h 5 min"),
            ("400000", .second, "4 d 15 h"),
            ("0.98", .powerFactor, "0.98"), ("230.10", .volt, "230.1 V"),
            ("9223372036854775807", .byte, "9223372 TB"),
        ] as [(String, Unit, String)])
    func `has a unit of the right size and three digits that matter`(
        number: String, unit: Unit, text: String
    ) throws {
        #expect(ScaledNumber.text(try #require(DecimalNumber(number)), unit) == text)
    }
}

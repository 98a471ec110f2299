import DriverKit
import Drivers
import Gridworks
import Layouts
import StandardCodecs
import Testing
import Vocabulary

@Suite struct `An imported layout` {
    private func layout() throws -> HardwareLayout {
        let made = try Sample.imported()
        let (layout, problems) = LayoutReader.read(
            Array(made.text.utf8), registry: .standard, codecs: .standard)
        #expect(problems.map(\.description) == [])
        return try #require(layout)
    }

    private func node(_ name: String) throws -> NodeLayout {
        try #require(try layout().nodes.first { $0.name.text == name })
    }

    @Test func `passes the checks and keeps the gateway's name`() throws {
        let layout = try layout()
        #expect(layout.gateway.text == "d1.demo.maple7.scada")
        #expect(
            layout.nodes.map(\.name.text) == [
                "power-meter", "sim-meter", "house-meter", "dist-swt", "buffer-well", "hp-lwt",
                "relay1", "relay9", "relay18", "relay3", "dist-010v",
            ])
    }

    @Test(arguments: [
        ("\"ActorClass\": \"HpBoss\"", "\"ActorClass\": \"HpBos\"", "did you mean HpBoss"),
        (
            "\"TelemetryName\": \"CurrentRmsMicroAmps\"", "\"TelemetryName\": \"Amps\"",
            "TelemetryName Amps is unknown"
        ),
    ])
    func `leaves out what is unknown, names it, and takes over the rest`(
        old: String, new: String, note: String
    ) throws {
        let made = try Sample.imported(Sample.with(old, new))
        #expect(made.notes.contains { $0.contains(note) }, "\(made.notes)")
        #expect(
            LayoutReader.read(Array(made.text.utf8), registry: .standard, codecs: .standard)
                .problems == [])
        #expect(made.text.contains("\"relay18\""))
    }

    @Test func `comes from the newer forms, too, and says that the periods are elsewhere`() throws {
        let made = try Sample.imported(Sample.listed, hasUpstream: true)
        let (layout, problems) = LayoutReader.read(
            Array(made.text.utf8), registry: .standard, codecs: .standard)
        #expect(problems.map(\.description) == [])
        #expect(layout?.gateway == "d1.demo.scada")
        #expect(layout?.nodes.map(\.kind) == [.relay])
        #expect(made.notes.contains { $0.contains("periods") })
    }

    @Test func `is the same each time`() throws {
        #expect(try Sample.imported().text == Sample.imported().text)
    }

    @Test func `reads an eGauge meter's registers over Modbus TCP`() throws {
        let layout = try layout()
        #expect(layout.buses[0].line == .tcp(host: "egauge14875.local", port: 502))
        let meter = try node("power-meter").component
        let map = try RegisterMap(meter.settings)
        #expect(map.registers.map(\.address) == [9004, 9008])
        #expect(map.registers.map(\.function) == [.inputRegisters, .inputRegisters])
        #expect(map.registers.map(\.form) == [.float32, .float32])
        #expect(map.registers[1].scale == DecimalNumber(mantissa: 1, exponent: -1))
    }

    @Test func `keeps names, units, steps, periods and deltas of channels`() throws {
        let power = try #require(try node("power-meter").component.channels.first)
        #expect(power.name.text == "hp-odu-pwr")
        #expect(power.unit == .watt)
        #expect(power.exponent == 0)
        #expect(power.pollPeriod == .seconds(1))
        #expect(power.capture == CaptureRule(period: .seconds(300), delta: 200))
        let amps = try node("sim-meter").component.channels[1]
        #expect(amps.unit == .ampere)
        #expect(amps.exponent == -6)
        #expect(amps.capture.delta == 500_000)
    }

    @Test func `asks a channel without a period as often as its meter's class says`() throws {
        let pump = try node("power-meter").component.channels[1]
        #expect(pump.pollPeriod == .seconds(1))
        #expect(pump.capture == CaptureRule(period: .seconds(300), delta: nil))
    }

    @Test func `simulates what was simulated and what has no wire, and nothing else`() throws {
        let simulated = try layout().nodes.filter(\.component.isSimulated).map(\.name.text)
        #expect(simulated == ["sim-meter", "house-meter", "hp-lwt", "relay3"])
        let notes = try Sample.imported().notes.filter { $0.hasPrefix("simulated: ") }
        #expect(notes.count == 4)
        #expect(notes[1].contains("house-meter (PowerMeter, SCHNEIDERELECTRIC__IEM3455)"))
    }

    @Test func `puts each thermistor on its converter and input`() throws {
        let supply = try node("dist-swt").component.settings
        #expect(try supply.text("address") == "i2c/1-004b")
        #expect(try supply.text("input") == "voltage0")
        #expect(supply["thermistor"]?["beta"]?.number == DecimalNumber(mantissa: 3977))
        #expect(supply["thermistor"]?["supplyMillivolt"]?.number == DecimalNumber(mantissa: 4850))
        let well = try node("buffer-well").component.settings
        #expect(try well.text("address") == "i2c/1-0049")
        #expect(try well.text("input") == "voltage2")
        #expect(well["thermistor"]?["beta"]?.number == DecimalNumber(mantissa: 3977))
    }

    @Test func `leaves every relay de-energised without a controller`() throws {
        for relay in try layout().nodes where relay.component.model.text == "gpio-relay" {
            #expect(relay.component.safeState == .off)
            #expect(try relay.component.settings.flag("activeLow"))
            #expect(try relay.component.settings.line("line") == LineAddress(relay.name.text))
        }
    }

    @Test func `has outputs of 0 to 10 V on the board and pin that their index means`() throws {
        let output = try node("dist-010v")
        #expect(output.kind == .relay && output.component.safeState == .off)
        #expect(try output.component.settings.text("address") == "0x5e")
        #expect(try output.component.settings.whole("output") == 0)
        #expect(output.component.channels.map(\.exponent) == [-1])
        let second = try Sample.imported(Sample.with("\"OutputIdx\": 1", "\"OutputIdx\": 4"))
        #expect(second.text.contains("\"address\": \"0x5f\", \"output\": 1"))
        #expect(second.notes.contains { $0.contains("where GridWorks starts with 2.0 V") })
    }

    @Test func `names the pins of the relay boards as GridWorks counts them`() throws {
        let overlay = try Sample.imported().text.split(separator: "\n")
            .map { $0.drop { $0 == " " } }.filter { $0.hasPrefix("// dts ") }
        let names = overlay.filter { $0.contains("\"\"") }.flatMap { line in
            line.split(separator: "\"", omittingEmptySubsequences: false)
                .enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
        }
        #expect(names.count == 32)
        #expect(names.firstIndex(of: "relay1") == 7)
        #expect(names.firstIndex(of: "relay9") == 8)
        #expect(names.firstIndex(of: "relay18") == 16 + 6)
    }

    @Test func `says what each position of a relay means`() throws {
        let text = try Sample.imported().text
        #expect(text.contains("// Off is de-energised: RelayClosed. On is energised: RelayOpen."))
        #expect(text.contains("// NormallyClosed: the load is on the normally closed contact."))
        #expect(text.contains("Off is de-energised: BufferTankAquastat. On is energised: Scada."))
    }

    @Test func `names everything that it leaves out, in the notes and at its top`() throws {
        let made = try Sample.imported()
        let left = made.notes.filter { $0.hasPrefix("not imported: ") }
        for name in [
            "primary-flow (ApiFlowModule, GRIDWORKS__PICOFLOWHALL)",
            "hp-boss (HpBoss)",
            "derived-generator (DerivedGenerator)", "hp-odu, hp-idu, house, auto",
            "channel usable-energy", "strategy House0",
        ] { #expect(left.contains { $0.contains(name) }, "\(name)") }
        #expect(left.count == 6)
        #expect(made.text.contains("//   * primary-flow (ApiFlowModule, GRIDWORKS__PICOFLOWHALL)"))
    }

    @Test func `mentions every node and channel of its source`() throws {
        let made = try Sample.imported()
        let told = made.text + made.notes.joined(separator: "\n")
        let (document, _) = JsonDocument.parse(Sample.text)
        for list in ["ShNodes", "DataChannels", "DerivedChannels"] {
            for entry in try #require(document?[list]?.list) {
                let name = try #require(entry["Name"]?.text)
                // The gateway itself is `s`, and a multiplexer is its relays.
                if ["s", "relay-multiplexer", "dfr-multiplexer"].contains(name) { continue }
                #expect(told.contains(name), "\(name)")
            }
        }
    }

    @Test func `gives the link its peers, its power metering and its relays' words`() throws {
        let text = try Sample.imported(hasUpstream: true).text
        let upstream = try #require(JsonDocument.parse(text).document?["upstreams"]?.list?.first)
        let link = try #require(upstream["gridworks"])
        #expect(upstream["codec"]?.text == "gridworks")
        #expect(link["parent"]?.text == "d1.demo.maple7")
        #expect(link["parentShortName"]?.text == "ltn")
        #expect(link["shortName"]?.text == "s")
        #expect(link["instance"]?.text == "a3b1f0a4-6a0e-4d58-9a7e-2c3a3d1e5f02")
        #expect(link["terminalAsset"]?.text == "d1.demo.maple7.ta")
        let metering = try #require(link["powerMetering"]?.list)
        #expect(metering.map { $0["channel"]?.text } == ["hp-odu-pwr", "hp-idu-pwr"])
        #expect(metering.map { $0["nameplate"]?.number?.mantissa } == [6000, 4000])
        let relay = try #require(link["relays"]?.list?.first)
        #expect(relay["node"]?.text == "relay1")
        #expect(relay["deEnergizingEvent"]?.text == "CloseRelay")
        #expect(relay["energizedState"]?.text == "RelayOpen")
        #expect(link["relays"]?.list?.count == 4)
    }

    @Test(arguments: ["MyLeafTransactiveNodeGNode", "MyAtomicTNodeGNode"])
    func `passes the checks with its upstream, newer and older`(parent: String) throws {
        let made = try Sample.imported(
            Sample.with("MyLeafTransactiveNodeGNode", parent), hasUpstream: true)
        let (read, problems) = LayoutReader.read(
            Array(made.text.utf8), registry: .standard, codecs: .standard)
        #expect(problems.map(\.description) == [])
        let upstream = try #require(read?.upstreams.first)
        let link = try #require(upstream.codec.settings as? GridworksSettings)
        #expect(link.parent == "d1.demo.maple7" && link.shortName == "s")
        #expect(link.parentShortName == (parent == "MyAtomicTNodeGNode" ? "a" : "ltn"))
        #expect(link.powerMetering == ["hp-odu-pwr": 6000, "hp-idu-pwr": 4000])
        #expect(Set(link.relays.keys.map(\.text)) == ["relay1", "relay9", "relay18", "relay3"])
    }

    @Test func `calls the parent of an older layout a`() throws {
        let old = Sample.with("MyLeafTransactiveNodeGNode", "MyAtomicTNodeGNode")
        #expect(
            try Sample.imported(old, hasUpstream: true).text.contains("\"parentShortName\": \"a\""))
    }

    @Test func `keeps what people wrote on its line`() throws {
        let made = try Sample.imported(
            Sample.with("5 V supply of the Picos", "a\\nb\\u0000\\\"c // d"))
        #expect(made.text.contains("\"title\": \"a b \\\"c // d\""))
        let (layout, problems) = LayoutReader.read(
            Array(made.text.utf8), registry: .standard, codecs: .standard)
        #expect(layout != nil && problems == [])
    }
}

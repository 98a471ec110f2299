import Documents
import DriverKit
import Drivers
import Layouts
import StandardCodecs
import Testing
import Vocabulary

private func readLayout(of nodes: String) -> (layout: HardwareLayout?, problems: [String]) {
    let net = nodes.contains(#""net""#) ? #", {"name": "net", "host": "192.168.1.30"}"# : ""
    let text = """
        {"gateway": "d1.demo", "buses": [
          {"name": "rs485", "port": "/dev/ttyUSB0", "baud": 9600}\(net)],
         "nodes": [
        \(nodes)]}
        """
    let (layout, problems) = LayoutReader.read(
        Array(text.utf8), registry: .standard, codecs: .standard)
    return (layout, problems.map { "\($0)" })
}

@Suite struct `A component with a key that is unknown` {
    private func mistakes(_ component: String, kind: String = "meter") -> [String] {
        readLayout(of: #"{"name": "n", "kind": "\#(kind)", "component": \#(component)}"#).problems
            .filter { $0.hasPrefix("nodes[0]") }
            .map { String($0.dropFirst("nodes[0].component".count)) }
    }

    @Test func `has problems of its bus, unit and profile reported as well`() {
        let all = mistakes(
            """
            {"driver": "modbus-meter", "bus": "rs484", "unit": 300, "profile": "eastron-sdm12",
             "colour": "red"}
            """)
        #expect(all.count == 4)
        for word in [
            "colour (line 5): is unknown", "there is no bus rs484; did you mean rs485", ".unit",
            "profile eastron-sdm12 is unknown; did you mean eastron-sdm120",
        ] {
            #expect(all.contains { $0.contains(word) }, "\(word): \(all)")
        }
    }

    @Test func `has problems of every register reported, and what was meant is checked`() {
        let all = mistakes(
            """
            {"driver": "modbus-meter", "buss": "rs485", "unit": 0, "colour": "red", "registers": [
              {"name": "a", "address": 1, "type": "int16", "unit": "watt", "scale": 0},
              {"name": "b", "address": 2, "typ": "int16", "unit": "watt"},
              {"name": "c", "address": 3, "type": "int16", "unit": "watt", "lowest": 5, "highest": 4}]}
            """)
        for word in [
            ".buss (line 4): is unknown; did you mean bus", ".colour (line 4): is unknown",
            "0 is not a unit of a serial line", ".registers[0].scale (line 5)",
            ".registers[1].typ (line 6)", ".registers[2].highest (line 7)",
        ] {
            #expect(all.contains { $0.contains(word) }, "\(word): \(all)")
        }
    }

    @Test func `has settings that exclude each other and missing channels reported`() {
        let both = mistakes(
            #"{"driver": "dsmr-p1", "port": "/dev/ttyUSB1", "host": "meter", "colour": "red"}"#)
        #expect(both.count == 2)
        #expect(both.contains { $0.contains("left out beside a port") })
        let channel = readLayout(
            of:
                """
                {"name": "n", "kind": "meter", "channels": [{"source": "power-actve"}],
                 "component": {"driver": "modbus-meter", "bus": "rs485", "unit": 1, "colour": "red",
                  "profile": "eastron-sdm120"}}
                """
        ).problems
        #expect(channel.contains { $0.contains("colour") })
        #expect(channel.contains { $0.contains("power-actve") && $0.contains("power-active") })
    }

    @Test func `has no problems of settings reported when the driver is unknown`() {
        #expect(
            mistakes(#"{"driver": "modbus-metre", "bus": "rs484", "colour": "red"}"#).count == 1)
    }
}

@Suite struct `A unit of a bus` {
    private func doubts(_ components: String...) throws -> [String] {
        let nodes = components.enumerated().map { index, component in
            #"{"name": "n\#(index)", "kind": "meter", \#(component)}"#
        }
        let (layout, problems) = readLayout(of: nodes.joined(separator: ",\n"))
        #expect(problems == [])
        return try #require(layout).doubts(registry: .standard).map { "\($0)" }
    }

    private func meter(_ map: String, _ source: String, bus: String = "rs485", unit: Int = 1)
        -> String
    {
        """
        "channels": [{"source": "\(source)"}], "component":
          {"driver": "modbus-meter", "bus": "\(bus)", "unit": \(unit), \(map)}
        """
    }

    private let small = #""profile": "eastron-sdm120""#
    private let large = #""profile": "eastron-sdm630""#
    private let sunspec = """
        "channels": [{"source": "frequency"}], "component":
          {"driver": "sunspec", "bus": "net", "unit": 1, "device": "inverter"}
        """

    @Test func `that is two devices is doubted, once for each of the later nodes`() throws {
        let other = try doubts(
            meter(small, "power-active"), meter(large, "energy-import"),
            meter(small, "frequency"))
        #expect(
            other == [
                "nodes[1].component.unit (line 7): unit 1 of bus rs485 is also that of node n0, "
                    + "with another profile; two devices of a bus need two units"
            ])
        let drivers = try doubts(
            sunspec, meter(small, "power-active", bus: "net"), meter(small, "frequency"))
        #expect(drivers.count == 1)
        #expect(drivers.first?.contains("node n0, with driver sunspec") == true)
    }

    @Test func `may be read by several nodes, and by lists of registers of their own`() throws {
        let own = #""registers": [{"name": "x", "address": 500, "type": "int16", "unit": "watt"}]"#
        #expect(
            try doubts(
                meter(small, "power-active"), meter(small, "frequency"), meter(own, "x"),
                meter(large, "energy-import", unit: 2), meter(large, "frequency", bus: "net")) == []
        )
    }
}

import DriverKit
import StandardCodecs
import Testing
import Vocabulary

@testable import Layouts

@Suite struct LayoutDiffTests {
    private static let nodes = """
        {"name": "tank", "kind": "sensor", "component": {"driver": "test-thermometer", "sensor": "28-1"}},
        {"name": "pump", "kind": "relay", "safeState": "off",
         "component": {"driver": "test-relay", "line": "relays/4"}}
        """
    private static let upstream = #"{"name": "house", "broker": "mqtt://192.168.1.10"}"#

    private func layout(
        _ nodes: String = nodes, upstreams: String = upstream, more: String = "",
        gateway: String = "d1.maple7.scada"
    ) throws -> HardwareLayout {
        let text = """
            {"gateway": "\(gateway)", "nodes": [\(nodes)], "upstreams": [\(upstreams)], \(more)}
            """
        let (layout, problems) = LayoutReader.read(
            Array(text.utf8),
            registry: DriverRegistry([
                TestThermometer.self, TestRelay.self, TestMeter.self,
            ]), codecs: .standard)
        return try #require(layout, "\(problems)")
    }

    private func diff(_ old: HardwareLayout, _ new: HardwareLayout) -> LayoutDiff {
        LayoutDiff(from: old, to: new)
    }

    @Test func `the same layout written otherwise is the same`() throws {
        let other = """
            // Where the water is.
            {"component": {"sensor": "28-1", "driver": "test-thermometer"},

             "kind": "sensor", "name": "tank"},
            {"name": "pump", "kind": "relay", "safeState": "off",
             "component": {"driver": "test-relay", "activeLow": false, "line": "relays/4"}},
            """
        let same = diff(try layout(), try layout(other))
        #expect(same.isEmpty, "\(same.lines)")
        #expect(same.lines == [])
        #expect(same.summary == "nothing changed")
    }

    @Test func `nodes that come and go are named and nothing else is touched`() throws {
        let more = Self.nodes.replacing("tank", with: "boiler").replacing("28-1", with: "28-2")
        let change = diff(try layout(), try layout(more))
        #expect(change.added == ["boiler"])
        #expect(change.removed == ["tank"])
        #expect(change.touched == ["boiler", "tank"])
        #expect(
            change.lines == [
                "node boiler: added", "node tank: removed", "relay pump: stays as it is",
            ])
        #expect(change.summary == "added boiler; removed tank")
    }

    @Test(arguments: [
        ("28-1", "28-2", "tank", "component.sensor"),
        ("relays/4", "relays/5", "pump", "component.line"),
        (#""safeState": "off""#, #""safeState": "on""#, "pump", "safeState"),
        (
            #""safeState": "off""#, #""safeState": "off", "limits": {"minimumOnTime": "5s"}"#,
            "pump", "limits"
        ),
        (#""line": "#, #""activeLow": true, "line": "#, "pump", "component.activeLow"),
        (
            #""sensor": "28-1"}"#,
            #""sensor": "28-1"}, "channels": [{"pollPeriod": "7s"}]"#, "tank",
            "channels.tank.pollPeriod"
        ),
        (
            #""sensor": "28-1"}"#, #""sensor": "28-1"}, "channels": [{"name": "top"}]"#, "tank",
            "channels.tank removed, channels.top added"
        ),
        (
            #""sensor": "28-1"}"#, #""sensor": "28-1", "simulated": true}"#, "tank",
            "component.simulated"
        ),
    ])
    func `a node that works otherwise is named with what is different`(
        _ old: String, _ new: String, name: String, what: String
    ) throws {
        let change = diff(try layout(), try layout(Self.nodes.replacing(old, with: new)))
        #expect(change.touched.map(\.text) == [name])
        #expect(change.lines.first == "node \(name): changed, \(what)")
    }

    @Test func `another title, parent or order stops nothing`() throws {
        let titled = Self.nodes.replacing(
            #""kind": "sensor""#, with: #""kind": "sensor", "title": "The tank", "parent": "pump""#)
        let change = diff(try layout(), try layout(titled))
        #expect(change.relabelled == ["tank"])
        #expect(change.touched == [])
        #expect(!change.isEmpty)
        let parts = Self.nodes.split(separator: ",\n", maxSplits: 1)
        let turned = diff(try layout(), try layout("\(parts[1]), \(parts[0])"))
        #expect(turned.isReordered)
        #expect(turned.touched == [])
        #expect(!turned.isEmpty)
    }

    @Test func `a bus that changes touches all nodes on it and no other`() throws {
        func buses(_ baud: Int) -> String {
            #""buses": [{"name": "meters", "port": "/dev/ttyUSB0", "baud": \#(baud)}]"#
        }
        let meter = """
            , {"name": "house-power", "kind": "meter",
               "component": {"driver": "test-meter", "bus": "meters", "unit": 1}}
            """
        let change = diff(
            try layout(Self.nodes + meter, more: buses(9600)),
            try layout(Self.nodes + meter, more: buses(19200)))
        #expect(change.touched == ["house-power"])
        #expect(
            change.lines == [
                "node house-power: changed, bus meters", "relay pump: stays as it is",
                "bus meters: changed",
            ])
    }

    @Test func `interlocks count at once and stop nothing`() throws {
        let second = Self.nodes.replacing("pump", with: "valve").replacing(
            "relays/4", with: "relays/5"
        )
        .replacing("tank", with: "tank-2").replacing("28-1", with: "28-2")
        let nodes = Self.nodes + ", " + second
        let change = diff(
            try layout(nodes),
            try layout(nodes, more: #""interlocks": [{"atMostOne": ["pump", "valve"]}]"#))
        #expect(change.touched == [])
        #expect(!change.isEmpty)
        #expect(change.lines == ["interlocks: changed; in force at once"])
    }

    @Test func `gateway, upstreams and settings count from the next start on`() throws {
        let change = diff(
            try layout(more: #""settings": {"seed": 1}"#),
            try layout(
                upstreams: #"{"name": "site", "broker": "embedded"}"#,
                more: #""settings": {"seed": 2, "logLevel": "debug"}"#, gateway: "d1.oak8.scada"))
        #expect(change.touched == [])
        #expect(
            change.lines == [
                "gateway: changed; takes effect at the next start",
                "upstream house: removed; takes effect at the next start",
                "upstream site: added; takes effect at the next start",
                "settings.logLevel: added; takes effect at the next start",
                "settings.seed: changed; takes effect at the next start",
            ])
    }

    private func relay(_ safeState: String, _ line: Int) -> String {
        """
        {"name": "relay-\(line % 10)", "kind": "relay", "safeState": "\(safeState)",
         "component": {"driver": "test-relay", "line": "relays/\(line)"}}
        """
    }

    @Test(arguments: [
        ("off", "off", "goes off (its safe state)"),
        ("off", "on", "goes off, then on (its new safe state)"),
        ("off", "hold", "goes off (its previous safe state)"),
        ("hold", "on", "goes on (its new safe state)"), ("hold", "hold", "is left as it is"),
    ])
    func `what each relay will do is reported, from its old safe state to its new one`(
        old: String, new: String, words: String
    ) throws {
        let change = diff(
            try layout("\(relay(old, 1)), \(relay("on", 2))"),
            try layout("\(relay(new, 11)), \(relay("on", 2))"))
        #expect(change.moves == [LayoutDiff.RelayMove(name: "relay-1", words: words)])
        #expect(change.staying == ["relay-2"])
        #expect(change.lines.contains("relay relay-1: \(words)"))
        #expect(change.lines.contains("relay relay-2: stays as it is"))
    }

    @Test func `a relay that comes, goes or needs one that is stopped is reported, too`() throws {
        let all = (1...4).map { relay("off", $0) }
        let needs =
            #""interlocks": [{"relay": "relay-3", "onlyWhile": "relay-2"}, "#
            + #"{"relay": "relay-4", "onlyWhile": "relay-3"}]"#
        let change = diff(
            try layout((all + [relay("on", 5)]).joined(separator: ","), more: needs),
            try layout(
                [all[0], relay("off", 12), all[2], all[3], relay("on", 6)].joined(separator: ","),
                more: needs))
        #expect(
            change.moves.map { "\($0.name): \($0.words)" } == [
                "relay-2: goes off (its safe state)",
                "relay-3: goes off: on only while relay-2 is on",
                "relay-4: goes off: on only while relay-3 is on",
                "relay-6: goes on (its new safe state)",
                "relay-5: goes on (its safe state), and is no longer driven",
            ])
        #expect(change.staying == ["relay-1"])
    }

    @Test func `every member of a layout is compared`() throws {
        // A member that is new here must be compared in LayoutDiff first.
        func members(_ value: Any) -> Set<String> {
            Set(Mirror(reflecting: value).children.compactMap(\.label))
        }
        let layout = try layout()
        #expect(
            members(layout) == [
                "gateway", "buses", "nodes", "interlocks", "upstreams", "journal", "peers",
                "web", "settings",
            ])
        #expect(
            members(layout.nodes[0]) == ["name", "kind", "title", "parent", "component", "rules"])
        #expect(members(GuardRules()) == ["limits", "controller", "failsafeAfter", "feedback"])
        #expect(
            members(layout.nodes[0].component)
                == ["name", "model", "settings", "channels", "safeState", "isSimulated"])
        #expect(
            members(layout.settings)
                == [
                    "logLevel", "logFormat", "stateDirectory", "seed", "simulate", "watchdogDevice",
                ])
    }
}

import DriverKit
import Drivers
import Layouts
import StandardCodecs
import Testing
import Vocabulary

@Suite struct `The guards of a layout` {
    static let text = """
        {
          "gateway": "d1.demo",
          "nodes": [
            {"name": "pump", "kind": "relay", "safeState": "off", "controller": "site",
             "component": {"driver": "gpio-relay", "line": "relays/1"},
             "limits": {"minimumOnTime": "3min", "minimumOffTime": "2min", "maximumOnTime": "4h",
                        "maximumSwitchesPerHour": 6, "queueEarlyCommands": true},
             "failsafeAfter": "10min", "feedback": {"channel": "aux", "inverted": true}},
            {"name": "heater", "kind": "relay", "safeState": "off",
             "component": {"driver": "gpio-relay", "line": "relays/2"},
             "feedback": {"channel": "tank", "onAbove": 30.5, "timeout": "30s"}},
            {"name": "fan", "kind": "relay", "safeState": "hold",
             "component": {"driver": "gpio-relay", "line": "relays/3"}},
            {"name": "aux", "kind": "sensor",
             "component": {"driver": "gpio-contact", "line": "inputs/1"}},
            {"name": "tank", "kind": "sensor",
             "component": {"driver": "ds18b20", "sensor": "28-00000b2d4e5f"}}
          ],
          "interlocks": [
            {"atMostOne": ["heater", "fan"], "deadTime": "2s"},
            {"relay": "heater", "onlyWhile": "pump"}
          ],
          "upstreams": [{"name": "site", "broker": "embedded"}]
        }
        """

    @Test func `are read in any order`() throws {
        let (layout, problems) = LayoutReader.read(
            Array(Self.text.utf8), registry: .standard, codecs: .standard)
        #expect(problems == [])
        let read = try #require(layout)
        #expect(
            read.nodes.map(\.rules) == [
                GuardRules(
                    limits: SwitchLimits(
                        minimumOnTime: .seconds(180), minimumOffTime: .seconds(120),
                        maximumOnTime: .seconds(14_400), maximumSwitchesPerHour: 6,
                        queuesEarlyCommands: true),
                    controller: "site", failsafeAfter: .seconds(600),
                    feedback: FeedbackRule(channel: "aux", whenOn: 0...0, within: .seconds(2))),
                GuardRules(
                    feedback: FeedbackRule(
                        channel: "tank", whenOn: 30_500 ... .max, within: .seconds(30))),
                GuardRules(), GuardRules(), GuardRules(),
            ])
        #expect(
            read.interlocks == [
                .atMostOne(["heater", "fan"], deadTime: .seconds(2)),
                .onlyWhile("heater", needs: "pump"),
            ])
        #expect(read.simulated().nodes.map(\.rules) == read.nodes.map(\.rules))
        #expect(read.simulated().interlocks == read.interlocks)
    }
}

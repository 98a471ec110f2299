import Gridworks
import Layouts
import PlainJson
import Testing
import Vocabulary

@Suite struct `A GridWorks upstream of a layout` {
    private func upstream(_ more: String, nodes: String = "") throws -> UpstreamLayout {
        let (layout, problems) = read(
            """
            {"gateway": "d1.demo.house.scada",
             "nodes": [{"name": "pump", "kind": "relay", "safeState": "off",
               "component": {"driver": "test-relay", "line": "relays/4"}}\(nodes)],
             "upstreams": [{"name": "a", "broker": "mqtt://broker.example"\(more)}]}
            """)
        #expect(problems == [])
        return try #require(layout?.upstreams.first)
    }

    @Test func `is asked for by name; all others speak Tidegate's own words`() throws {
        for more in ["", #", "codec": "plain""#] {
            let codec = try upstream(more).codec
            #expect(codec.name == "plain")
            #expect(codec.settings as? PlainSettings == PlainSettings(answersTo: []))
        }
    }

    @Test func `needs two names and has defaults for the rest`() throws {
        let upstream = try upstream(
            """
            , "codec": "gridworks", "gridworks": {"parent": "d1.demo.house",
              "instance": "c9794c6d-e013-4d74-9570-f9ba4b0f0b0d", "relays": [{"node": "pump"}]}
            """)
        let link = try #require(upstream.codec.settings as? GridworksSettings)
        #expect(link.parent == "d1.demo.house" && link.terminalAsset == "d1.demo.house.ta")
        #expect(link.parentShortName == "ltn" && link.shortName == "s" && !link.hasAdmin)
        #expect(link.reportPeriod == .seconds(300) && link.snapshotPeriod == .seconds(30))
        #expect(link.powerMetering == [:] && link.commandAge == .seconds(60))
        #expect(link.powerThreshold.wholeSteps(exponent: -2) == 2)
        let relay = try #require(link.relays["pump"])
        #expect(relay.eventType == "change.relay.state" && relay.energizingEvent == "CloseRelay")
        #expect(relay.stateType == "relay.closed.or.open" && relay.deEnergizedState == "RelayOpen")
    }

    @Test func `is shown with its own topics, and none of another codec`() throws {
        let (layout, problems) = read(
            """
            {"gateway": "d1.demo.house.scada",
             "nodes": [{"name": "pump", "kind": "relay", "safeState": "off",
               "component": {"driver": "test-relay", "line": "relays/4"}}],
             "upstreams": [
               {"name": "a", "broker": "mqtt://broker.example", "codec": "gridworks", "gridworks":
                 {"parent": "d1.demo.house", "instance": "c9794c6d-e013-4d74-9570-f9ba4b0f0b0d"}},
               {"name": "b", "broker": "mqtt://broker.example"}]}
            """)
        #expect(problems == [])
        let house = try #require(layout)
        let topics = house.upstreams.map { upstream in
            upstream.codec.settings.topics(of: house, on: upstream).map(\.topic)
        }
        #expect(topics[0].contains("gw/d1-demo-house/to/s/#"))
        #expect(topics[0].contains("gw/d1-demo-house-scada/to/ltn/report-event"))
        #expect(topics[0].contains("tidegate/d1.demo.house.scada/link/a"))
        #expect(topics[0].allSatisfy { $0.hasPrefix("gw/") || $0.hasSuffix("/link/a") })
        #expect(topics[1].contains("tidegate/d1.demo.house.scada/events"))
        #expect(topics[1].contains("tidegate/d1.demo.house.scada/set/pump"))
        #expect(topics[1].allSatisfy { $0.hasPrefix("tidegate/d1.demo.house.scada/") })
    }

    @Test func `is read with all that it says`() throws {
        let upstream = try upstream(
            """
            , "codec": "gridworks", "gridworks": {"parent": "d1.demo.house", "parentShortName": "a",
              "shortName": "s2", "instance": "C9794C6D-E013-4D74-9570-F9BA4B0F0B0D",
              "terminalAsset": "d1.demo.asset", "admin": true, "reportPeriod": "30s",
              "snapshotPeriod": "10s", "powerThreshold": 0, "commandAge": "5s",
              "powerMetering": [{"channel": "meter-power-active", "nameplate": 6000}],
              "relays": [{"node": "pump", "eventType": "change.store.flow.relay",
                "deEnergizingEvent": "DischargeStore", "energizingEvent": "ChargeStore",
                "stateType": "store.flow.relay", "deEnergizedState": "DischargingStore",
                "energizedState": "ChargingStore"}]}
            """,
            nodes: """
                , {"name": "meter", "kind": "meter", "component": {"driver": "test-meter",
                   "bus": "rs485", "unit": 1}}], "buses": [{"name": "rs485", "port": "/dev/ttyUSB0",
                   "baud": 9600}
                """)
        let link = try #require(upstream.codec.settings as? GridworksSettings)
        #expect(link.parentShortName == "a" && link.shortName == "s2" && link.hasAdmin)
        #expect(link.terminalAsset == "d1.demo.asset" && link.commandAge == .seconds(5))
        #expect(link.powerMetering == ["meter-power-active": 6000])
        #expect(link.relays.values.map(\.energizedState) == ["ChargingStore"])
    }
}

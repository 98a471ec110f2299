import Layouts
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
        #expect(try upstream("").codec == .plain(answersTo: []))
        #expect(try upstream(#", "codec": "plain""#).codec == .plain(answersTo: []))
    }

    @Test func `needs two names and has defaults for the rest`() throws {
        let upstream = try upstream(
            """
            , "codec": "gridworks", "gridworks": {"parent": "d1.demo.house",
              "instance": "c9794c6d-e013-4d74-9570-f9ba4b0f0b0d", "relays": [{"node": "pump"}]}
            """)
        guard case .gridworks(let link) = upstream.codec else {
            Issue.record("\(upstream.codec)")
            return
        }
        #expect(link.parent == "d1.demo.house" && link.terminalAsset == "d1.demo.house.ta")
        #expect(link.parentShortName == "ltn" && link.shortName == "s" && !link.hasAdmin)
        #expect(link.reportPeriod == .seconds(300) && link.snapshotPeriod == .seconds(30))
        #expect(link.powerMetering == [:] && link.commandAge == .seconds(60))
        #expect(link.powerThreshold.wholeSteps(exponent: -2) == 2)
        let relay = try #require(link.relays.first)
        #expect(relay.eventType == "change.relay.state" && relay.energizingEvent == "CloseRelay")
        #expect(relay.stateType == "relay.closed.or.open" && relay.deEnergizedState == "RelayOpen")
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
        guard case .gridworks(let link) = upstream.codec else {
            Issue.record("\(upstream.codec)")
            return
        }
        #expect(link.parentShortName == "a" && link.shortName == "s2" && link.hasAdmin)
        #expect(link.terminalAsset == "d1.demo.asset" && link.commandAge == .seconds(5))
        #expect(link.powerMetering == ["meter-power-active": 6000])
        #expect(link.relays.map(\.energizedState) == ["ChargingStore"])
    }
}

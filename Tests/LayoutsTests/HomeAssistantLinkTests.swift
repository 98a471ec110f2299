import HomeAssistant
import Layouts
import Testing

/// What a layout has of a link to Home Assistant.
@Suite struct `A link to Home Assistant` {
    private func link(_ keys: String) -> (layout: HardwareLayout?, problems: [String]) {
        read(
            """
            {"gateway": "d1.demo.scada",
             "nodes": [{"name": "pump", "kind": "relay", "safeState": "off",
               "component": {"driver": "test-relay", "line": "relays/4"}}],
             "upstreams": [{"name": "home", "broker": "mqtt://broker.example",
               "codec": "home-assistant"\(keys)}]}
            """)
    }

    private func settings(_ keys: String) throws -> HomeAssistantSettings {
        let (layout, problems) = link(keys)
        #expect(problems == [])
        let upstream = try #require(layout?.upstreams.first)
        return try #require(upstream.codec.settings as? HomeAssistantSettings)
    }

    @Test func `needs no key of its own`() throws {
        #expect(try settings("") == HomeAssistantSettings())
        #expect(try settings(#", "homeAssistant": {}"#) == HomeAssistantSettings())
        #expect(HomeAssistantSettings().maySwitch)
    }

    @Test func `may have other topics, and may be kept from switching`() throws {
        let changed = try settings(
            #"""
            , "homeAssistant": {"discoveryPrefix": "ha/found", "birthTopic": "ha/status",
              "birthPayload": "up", "minimumVersion": "2025.12", "rights": ["read"]}
            """#)
        #expect(changed.discoveryPrefix == "ha/found" && changed.birthTopic == "ha/status")
        #expect(changed.birthPayload == "up" && !changed.maySwitch)
        let (layout, _) = link(#", "homeAssistant": {"rights": ["read"]}"#)
        let house = try #require(layout)
        let topics = changed.topics(of: house, on: house.upstreams[0]).map(\.topic)
        #expect(topics.contains("ha/found/device/d1_demo_scada/pump/config"))
        #expect(!topics.contains { $0.contains("/set/") })
    }

    @Test(arguments: [
        (#""minimumVersion": "2024.3""#, "2024.12 is the first"),
        (#""minimumVersion": "latest""#, "must be a version"),
        (#""birthTopic": "homeassistant/+""#, "without wildcards"),
        (#""discoveryPrefix": "a//b""#, "without wildcards"),
        (#""rights": ["write"]"#, "switch"),
        (#""prefix": "x""#, "is unknown"),
        (#""entities": [{"channel": "pumps"}]"#, "pump"),
        (#""entities": [{"channel": "pump", "deviceClass": "door"}]"#, "possible: outlet, switch"),
        (#""entities": [{"channel": "pump"}, {"channel": "pump"}]"#, "pump"),
        (#""entities": [{"channel": "pump", "formerTopic": "a/config"}]"#, "without uniqueId"),
        (#""entities": [{"channel": "pump", "uniqueId": "x", "formerTopic": "a"}]"#, "/config"),
    ])
    func `is told what is wrong with it`(keys: String, words: String) {
        let (_, problems) = link(#", "homeAssistant": {\#(keys)}"#)
        #expect(problems.count == 1 && problems.first?.contains(words) == true, "\(problems)")
    }

    @Test func `announces a gateway once to each Home Assistant`() {
        let twice = #"""
            }, {"name": "again", "broker": "mqtt://broker.example", "codec": "home-assistant"
            """#
        let (_, problems) = link(twice)
        #expect(problems.count == 1 && problems.first?.contains("announces") == true, "\(problems)")
        let beside = #"}, {"name": "plain", "broker": "mqtt://broker.example""#
        #expect(link(beside).problems == [])
    }
}

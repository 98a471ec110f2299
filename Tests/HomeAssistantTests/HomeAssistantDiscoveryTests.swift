import Codecs
import Documents
import Fakes
import Mqtt
import Testing
import Vocabulary

@testable import HomeAssistant

/// What Home Assistant learns of a gateway before any value.
@Suite struct `An announcement to Home Assistant` {
    @Test func `is one retained message for the gateway, then one for each node`() {
        var session = House.session()
        let topics = session.born().map(\.topic).filter { $0.hasSuffix("/config") }
        #expect(
            topics
                == ["gateway", "heater", "tank", "dimmer"].map {
                    "\(House.announcements)/\($0)/config"
                })
        #expect(
            session.born().filter { $0.topic.hasSuffix("/config") }.allSatisfy { $0.isRetained })
    }

    @Test func `refers to the gateway, and is available with both`() throws {
        var session = House.session()
        let message = session.born().json(on: "\(House.announcements)/heater/config")
        let document = try #require(message)
        #expect(document["dev"]?["ids"]?.list?.map(\.text) == ["tidegate/d1.demo.house1/heater"])
        #expect(document["dev"]?["via_device"]?.text == "tidegate/d1.demo.house1")
        #expect(document["dev"]?["name"]?.text == "The \"heater\"")
        #expect(document["avty_mode"]?.text == "all")
        #expect(
            document["avty"]?.list?.map { $0["t"]?.text } == [
                "\(House.root)/status", "\(House.root)/status/heater",
            ])
        // Any other key at the top has the whole message refused.
        let known: Set = ["dev", "o", "avty_mode", "avty", "qos", "cmps"]
        #expect(Set(document.group?.map(\.name) ?? []) == known)
    }

    @Test func `makes a switch of a relay and a sensor of a measurement`() throws {
        var session = House.session()
        let born = session.born()
        let heater = try #require(born.entities(of: "heater")["switch_heater-state"])
        #expect(heater["p"]?.text == "switch")
        #expect(heater["cmd_t"]?.text == "\(House.root)/set/heater")
        #expect(heater["stat_t"]?.text == "\(House.root)/state/heater-state")
        #expect(heater["name"]?.value == .null)
        #expect(heater["ret"] == nil, "nothing retained commands")
        let tank = try #require(born.entities(of: "tank")["sensor_tank-top"])
        #expect(tank["dev_cla"]?.text == "temperature" && tank["unit_of_meas"]?.text == "°C")
        let dimmer = try #require(born.entities(of: "dimmer")["number_dimmer-level"])
        #expect(dimmer["max"]?.number?.wholeSteps(exponent: 0) == 100)
        #expect(born.entities(of: "heater")["fault"]?["dev_cla"]?.text == "problem")
        #expect(born.entities(of: "gateway").keys.sorted() == ["fault"])
    }

    @Test func `shows relays without a command topic where nothing may switch`() {
        var session = House.session(House.homeAssistant(maySwitch: false))
        let born = session.born()
        #expect(born.entities(of: "heater")["binary_sensor_heater-state"]?["cmd_t"] == nil)
        #expect(born.entities(of: "heater")["switch_heater-state"] == nil)
        // What an earlier layout announced is removed.
        let message = born.json(on: "\(House.announcements)/heater/config")
        let removed = message?["cmps"]?["switch_heater-state"]?.group
        #expect(removed?.map(\.name) == ["p"])
        #expect(!born.contains { $0.text.contains("cmd_t") })
        #expect(session.codec.subscriptions == ["homeassistant/status"])
    }

    @Test func `has identities that no title and no connection changes`() {
        let retitled = GatewayProfile(
            gateway: House.profile.gateway, incarnation: "another",
            nodes: House.profile.nodes.map {
                NodeProfile(
                    name: $0.name, kind: $0.kind, title: "Other", driver: $0.driver,
                    isSimulated: false, channels: $0.channels)
            })
        func identities(_ profile: GatewayProfile) -> [String] {
            var session = House.session(House.homeAssistant(profile))
            let born = session.born()
            return ["gateway", "heater", "tank", "dimmer"].flatMap { node in
                born.entities(of: node).values.compactMap { $0["uniq_id"]?.text }.sorted()
            }
        }
        let first = identities(House.profile)
        #expect(first == identities(retitled))
        #expect(Set(first).count == first.count)
        #expect(first.contains("tidegate/d1.demo.house1/state/tank-top"))
    }

    @Test func `names channels by what they are beside the device's name`() {
        let profile = House.meter([
            House.channel("meter", of: "meter", "power-active", .watt),
            House.channel("meter-energy-import", of: "meter", "energy-import", .wattHour),
            House.channel("grid", of: "meter", "frequency", .hertz),
        ])
        var session = House.session(House.homeAssistant(profile))
        let names = session.born().entities(of: "meter").compactMapValues { $0["name"]?.text }
        #expect(
            names == [
                "sensor_meter": "Power active", "sensor_meter-energy-import": "Energy import",
                "sensor_grid": "Grid", "fault": "Fault",
            ])
    }

    @Test func `lets the total of a meter be set by those who look for it`() throws {
        let profile = House.meter([
            House.channel(
                "meter", of: "meter", "total", .litre, exponent: 0, isCounter: true,
                isSettable: true)
        ])
        var session = House.session(House.homeAssistant(profile))
        let entities = session.born().entities(of: "meter")
        let total = try #require(entities["number_meter"])
        #expect(total["uniq_id"]?.text != entities["sensor_meter"]?["uniq_id"]?.text)
        #expect(total["en"]?.flag == false && total["ent_cat"]?.text == "config")
        #expect(total.group?.filter { $0.name == "name" }.count == 1)
        #expect(entities["sensor_meter"]?["stat_cla"]?.text == "total_increasing")
    }

    @Test func `is as a layout wants it`() throws {
        let wishes = HomeAssistantWishes(deviceClass: "outlet", isEnabled: false)
        var session = House.session(House.homeAssistant(entities: [House.heaterState: wishes]))
        let heater = try #require(session.born().entities(of: "heater")["switch_heater-state"])
        #expect(heater["dev_cla"]?.text == "outlet" && heater["en"]?.flag == false)
        // What is only shown is no outlet.
        var shown = House.session(
            House.homeAssistant(maySwitch: false, entities: [House.heaterState: wishes]))
        let state = shown.born().entities(of: "heater")["binary_sensor_heater-state"]
        #expect(state?["dev_cla"] == nil && state?["en"]?.flag == false)
        let gas = House.meter([
            House.channel("meter", of: "meter", "total", .cubicMetre, isCounter: true)
        ])
        var meter = House.session(
            House.homeAssistant(gas, entities: ["meter": HomeAssistantWishes(deviceClass: "gas")]))
        let entity = meter.born().entities(of: "meter")["sensor_meter"]
        #expect(entity?["dev_cla"]?.text == "gas")
        #expect(entity?["stat_cla"]?.text == "total_increasing")
    }

    @Test func `goes on with an entity of another program, whose topic is cleared after it`() throws
    {
        let former = "homeassistant/switch/mqtt-io/pump/config"
        let wishes = HomeAssistantWishes(uniqueID: "mqtt-io_pump", formerTopic: former)
        var session = House.session(House.homeAssistant(entities: [House.heaterState: wishes]))
        let born = session.born()
        let heater = born.entities(of: "heater")["switch_heater-state"]
        #expect(heater?["uniq_id"]?.text == "mqtt-io_pump")
        let topics = born.map(\.topic)
        let own = try #require(topics.firstIndex(of: "\(House.announcements)/heater/config"))
        #expect(born[own - 1].topic == former && born[own + 1].topic == former)
        #expect(born[own - 1].text == #"{"migrate_discovery":true}"# && !born[own - 1].isRetained)
        #expect(born[own + 1].payload == [] && born[own + 1].isRetained)
    }

    @Test func `is cut to what the broker takes, and says so`() throws {
        let channels = (1...60).compactMap { number in
            DataChannelName("meter-voltage-\(number)").map {
                House.channel($0, of: "meter", "voltage-\(number)", .volt)
            }
        }
        var session = House.session(House.homeAssistant(House.meter(channels)))
        let whole = session.birth(at: House.now, within: .max).entities(of: "meter")
        #expect(whole.count == 61)
        let cut = session.birth(at: House.now, within: 4_096)
        let message = try #require(cut.last(on: "\(House.announcements)/meter/config"))
        #expect(message.packetSize <= 4_096 && message.packetSize > 3_500)
        #expect(message.text.contains("entities left out"))
    }

    @Test func `of a node that is gone removes its entities and leaves the broker`() throws {
        let former = FormerNames(
            channels: ["pump": "pump", "old": "tank", "stray": nil], nodes: ["pump"])
        var session = House.session(former: former)
        let born = session.born()
        let pump = try #require(born.last(on: "\(House.announcements)/pump/config"))
        #expect(pump.isRetained && pump.expirySeconds == HomeAssistantCodec.removalSeconds)
        let removed = try #require(born.json(on: pump.topic)?["cmps"]?.group)
        #expect(removed.allSatisfy { $0.node.group?.map(\.name) == ["p"] })
        #expect(
            Set(removed.map(\.name)) == [
                "sensor_pump", "binary_sensor_pump", "switch_pump", "number_pump", "fault",
                "outcome",
            ])
        // A channel that its node has no more goes in a message before the node's own.
        let tank = born.filter { $0.topic == "\(House.announcements)/tank/config" }
        #expect(tank.map(\.isRetained) == [false, true])
        #expect(tank.first?.text.contains(#""sensor_old":{"p":"sensor"}"#) == true)
        #expect(tank.last?.text.contains("old") == false)
        // Never an empty message: Home Assistant warns of each.
        let cleared = session.clear(ShNodeName("pump")) + session.clear(DataChannelName("pump"))
        #expect(cleared.count == 3)
        #expect((born + cleared).allSatisfy { !$0.payload.isEmpty })
        #expect(cleared.allSatisfy { $0.expirySeconds == HomeAssistantCodec.removalSeconds })
    }
}

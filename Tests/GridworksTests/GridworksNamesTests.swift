import Documents
import Gridworks
import Testing
import Vocabulary

/// The identities that a parent knows a house by already.
@Suite struct `What a parent knows by name` {
    private typealias House = GridworksHouse

    private static let ids = (1...4).map { "c0ffee00-0000-4000-8000-00000000000\($0)" }

    private func layout() throws -> JsonNode {
        var settings = House.settings()
        settings.nodes = [
            GridworksNodeNames("s", id: Self.ids[0], title: "The house"),
            GridworksNodeNames("hp-odu", id: Self.ids[1], title: "Outdoor unit", nameplate: 6000),
            GridworksNodeNames("tank", id: Self.ids[2], title: "Tank", actorClass: "NoActor"),
            GridworksNodeNames("analog-temp", actorClass: "MultipurposeSensor"),
        ]
        settings.channels = [
            "hp-odu-pwr": GridworksChannelNames(id: Self.ids[3], title: "Power", about: "hp-odu"),
            "tank": GridworksChannelNames(
                capturedBy: "analog-temp", telemetryName: "AirTempCTimes1000"),
        ]
        let codec = GridworksConnection(
            GridworksCodec(profile: House.profile, upstream: House.upstream, settings: settings))
        let message = try #require(codec.activation(at: House.now).first)
        return try #require(JsonParser.parse(Array(House.payload(message).utf8)).document)
    }

    private func entry(_ list: String, _ name: String) throws -> JsonNode {
        let all = try #require(try layout()[list]?.list).filter { $0["Name"]?.text == name }
        #expect(all.count == 1)
        return try #require(all.first)
    }

    @Test func `nodes and things keep identity, title, class and nameplate`() throws {
        let own = try entry("ShNodes", "s")
        #expect(own["ShNodeId"]?.text == Self.ids[0])
        #expect(own["DisplayName"]?.text == "The house")
        #expect(own["ActorClass"]?.text == "PrimaryScada")
        let unit = try entry("ShNodes", "hp-odu")
        #expect(unit["ShNodeId"]?.text == Self.ids[1])
        #expect(unit["ActorClass"]?.text == "NoActor")
        #expect(unit["ActorHierarchyName"] == nil)
        #expect(unit["NameplatePowerW"]?.number?.mantissa == 6000)
        #expect(unit["InPowerMetering"]?.flag == true)
        let tank = try entry("ShNodes", "tank")
        #expect(tank["ActorClass"]?.text == "NoActor" && tank["DisplayName"]?.text == "Tank")
        let sensor = try entry("ShNodes", "analog-temp")
        #expect(sensor["ActorHierarchyName"]?.text == "s.analog-temp")
    }

    @Test func `the nameplate of what is metered through a meter is no longer the meter's`() throws
    {
        // Only that of hp-idu-pwr, which is about nothing else, is left.
        #expect(try entry("ShNodes", "meter")["NameplatePowerW"]?.number?.mantissa == 4000)
    }

    @Test func `channels keep identity, title, what they are about and who captures them`() throws {
        let power = try entry("DataChannels", "hp-odu-pwr")
        #expect(power["Id"]?.text == Self.ids[3])
        #expect(power["DisplayName"]?.text == "Power")
        #expect(power["AboutNodeName"]?.text == "hp-odu")
        #expect(power["CapturedByNodeName"]?.text == "meter")
        let tank = try entry("DataChannels", "tank")
        #expect(tank["CapturedByNodeName"]?.text == "analog-temp")
        #expect(tank["TelemetryName"]?.text == "AirTempCTimes1000")
        #expect(tank["AboutNodeName"]?.text == "tank")
    }

    @Test func `every channel is about a node and captured by one that is an actor`() throws {
        let layout = try layout()
        let nodes = try #require(layout["ShNodes"]?.list)
        for channel in try #require(layout["DataChannels"]?.list) {
            let about = nodes.filter { $0["Name"]?.text == channel["AboutNodeName"]?.text }
            let captured = nodes.filter { $0["Name"]?.text == channel["CapturedByNodeName"]?.text }
            #expect(about.count == 1 && captured.count == 1)
            #expect(captured.first?["ActorClass"]?.text != "NoActor")
        }
    }

    @Test func `a node that no channel of the parent's is about or captured by is not sent`() throws
    {
        var settings = House.settings()
        settings.nodes = [
            GridworksNodeNames("room", id: Self.ids[0]),
            GridworksNodeNames("reader", id: Self.ids[1], actorClass: "MultipurposeSensor"),
        ]
        settings.channels = ["tank": GridworksChannelNames(about: "room", capturedBy: "reader")]
        let codec = GridworksConnection(
            GridworksCodec(profile: House.profile, upstream: House.upstream, settings: settings))
        let message = try #require(codec.activation(at: House.now).first)
        let document = JsonParser.parse(Array(House.payload(message).utf8)).document
        let names = document?["ShNodes"]?.list?.compactMap { $0["Name"]?.text }
        #expect(names == ["s", "a", "relay1", "relay2", "dist-010v", "meter", "room", "reader"])
    }
}

import Documents
import Fakes
import Testing
import Vocabulary

@testable import Gridworks

/// Nothing simulated can be taken for real: whatever is sent of it bears the mark, and nothing else does.
@Suite struct `The mark of simulated readings for GridWorks` {
    typealias Site = GridworksHouse
    private static let mark = #""Simulated":true"#

    @Test func `is in GridWorks' reports beside the real readings of the same channel`() throws {
        var writer = Site.codec().historyWriter(of: Site.journal)
        let channel: DataChannelName = "vdc-relay1"
        for (index, isSimulated) in [true, false, true].enumerated() {
            let reading = Reading(channel: channel, value: 1, isSimulated: isSimulated)
            let entry = Site.entry(UInt64(index + 1), .readings([reading]), Site.relay1)
            #expect(writer.write(entry).isEmpty)
        }
        let message = try #require(writer.finish().first?.messages.first)
        let report = try #require(JsonParser.parse(Array(Site.payload(message).utf8)).document)
        for list in ["ChannelReadingList", "StateList"] {
            let parts = try #require(report["Report"]?[list]?.list)
            #expect(parts.map { $0["Simulated"]?.flag } == [true, nil])
            let values = parts.map { ($0["ValueList"] ?? $0["StateList"])?.list?.count }
            #expect(values == [2, 1])
        }
    }

    @Test(arguments: [true, false])
    func `is in GridWorks' live messages, and a parent of ours reads it`(isSimulated: Bool) {
        let codec = Site.codec()
        let tank = Reading(channel: "tank", value: 1, isSimulated: isSimulated)
        let relay = Reading(channel: "vdc-relay1", value: 1, isSimulated: isSimulated)
        let values = [("tank", tank), ("relay1", relay)].map {
            LiveValue(node: ShNodeName($0.0)!, reading: $0.1, at: Site.stamp(Site.now))
        }
        for message in codec.live(tank, at: Site.now) {
            #expect(message.text.contains(Self.mark) == isSimulated)
        }
        for message in codec.snapshot(values, at: Site.now)
        where message.topic.hasSuffix("snapshot-spaceheat") {
            let marks = message.text.split(separator: Self.mark).count - 1
            #expect(marks == (isSimulated ? 3 : 0), "\(message.text)")
        }
    }

    @Test(arguments: [true, false])
    func `is in GridWorks' layout for programs and for people`(isSimulated: Bool) throws {
        let codec = GridworksConnection(
            GridworksCodec(
                profile: SampleGateway.profile(isSimulated), upstream: "peer",
                settings: Site.settings()))
        let layout = try #require(codec.activation(at: Site.now).first)
        let document = try #require(JsonParser.parse(Array(Site.payload(layout).utf8)).document)
        let nodes = try #require(document["ShNodes"]?.list)
        let tank = try #require(nodes.first { $0["Name"]?.text == "tank" })
        #expect((tank["Simulated"]?.flag == true) == isSimulated)
        #expect(tank["DisplayName"]?.text?.hasSuffix(" (simulated)") == isSimulated)
        let heater = try #require(nodes.first { $0["Name"]?.text == "heater" })
        #expect(heater["Simulated"] == nil)
    }
}

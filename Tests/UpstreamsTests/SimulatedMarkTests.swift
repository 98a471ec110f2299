import Documents
import Health
import Testing
import Vocabulary

@testable import Codecs
@testable import Gridworks
@testable import PlainJson

/// Nothing simulated can be taken for real: whatever is told of it bears the mark, and nothing else does.
@Suite struct `The mark of simulated readings` {
    typealias Site = GridworksHouse
    private static let mark = #""simulated":true"#
    private static let peerMark = #""Simulated":true"#
    private let codec = House.codec
    private let at = Timestamp(wall: House.now, monotonic: MonotonicInstant(nanoseconds: 0))

    /// One reading of each quality, all real or all simulated.
    private func readings(isSimulated: Bool) -> [Reading] {
        Quality.allCases.map {
            Reading(channel: House.tankTop, value: 1, quality: $0, isSimulated: isSimulated)
        }
    }

    private func profile(
        _ isSimulated: Bool, of simulated: ShNodeName = House.tank
    ) -> GatewayProfile {
        GatewayProfile(
            gateway: "d1.demo.house1", incarnation: "i7",
            nodes: House.profile.nodes.map {
                NodeProfile(
                    name: $0.name, kind: $0.kind, title: $0.title, driver: $0.driver,
                    isSimulated: isSimulated && $0.name == simulated,
                    channels: $0.channels)
            })
    }

    @Test(arguments: [true, false])
    func `is on each live value, reading and answer in plain JSON`(isSimulated: Bool) {
        for reading in readings(isSimulated: isSimulated) {
            let entry = House.entry(9, House.tank, .readings([reading]))
            for message in codec.live(reading, at: House.now) + codec.history(entry) {
                #expect(message.text.contains(Self.mark) == isSimulated, "\(message.text)")
            }
            let report = codec.documents.report(
                PlainStatus(
                    own: LinkStatus(
                        who: "g", incarnation: "i7", sequence: 1, state: .connected,
                        interval: .seconds(10)), links: [], at: House.now), [],
                [LiveValue(node: House.tank, reading: reading, at: at)])
            #expect(String(decoding: report, as: UTF8.self).contains(Self.mark) == isSimulated)
        }
        let answer = PlainCodec(profile: profile(isSimulated, of: House.heater), upstream: "site")
            .answer(
                .confirmed(1, at: at.monotonic), id: House.id, node: House.heater,
                to: Reply(topic: "a"), at: at)
        #expect(answer.first?.text.contains(Self.mark) == isSimulated)
    }

    @Test(arguments: [true, false])
    func `is on birth, status and last will when some hardware is simulated`(isSimulated: Bool)
        throws
    {
        let codec = PlainCodec(profile: profile(isSimulated), upstream: "site")
        let birth = try #require(codec.birth(at: House.now).first)
        let text = try #require(JsonParser.parse(birth.payload).document)
        #expect(text["simulated"]?.flag == isSimulated)
        #expect(
            text["nodes"]?.list?.map { $0["simulated"]?.flag == true } == [
                false, isSimulated, false,
            ])
        let own = LinkStatus(
            who: "d1.demo.house1", incarnation: "i7", sequence: 1, state: .connected,
            interval: .seconds(10))
        for message in codec.status(own, links: [], queues: [], at: House.now)
            + [codec.will].compactMap(\.self)
        {
            #expect(message.text.contains(Self.mark) == isSimulated)
            guard case .status(let status)? = PlainReader().read(message)?.matter else {
                Issue.record("not read")
                continue
            }
            #expect(status.isSimulated == isSimulated)
        }
    }

    @Test(arguments: [true, false]) func `reads back`(isSimulated: Bool) {
        for reading in readings(isSimulated: isSimulated) {
            for message in codec.live(reading, at: House.now) {
                guard case .live(let told)? = PlainReader().read(message)?.matter else {
                    Issue.record("not read")
                    continue
                }
                #expect(told.isSimulated == isSimulated)
            }
        }
    }

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
            #expect(message.text.contains(Self.peerMark) == isSimulated)
        }
        for message in codec.snapshot(values, at: Site.now)
        where message.topic.hasSuffix("snapshot-spaceheat") {
            let marks = message.text.split(separator: Self.peerMark).count - 1
            #expect(marks == (isSimulated ? 3 : 0), "\(message.text)")
        }
    }

    @Test(arguments: [true, false])
    func `is in GridWorks' layout for programs and for people`(isSimulated: Bool) throws {
        let codec = GridworksConnection(
            GridworksCodec(
                profile: profile(isSimulated), upstream: "peer", settings: Site.settings()))
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

import Documents
import Fakes
import Health
import Testing
import Vocabulary

@testable import Codecs
@testable import PlainJson

/// Nothing simulated can be taken for real: whatever is published of it bears the mark, and nothing else does.
@Suite struct `The mark of simulated readings` {
    private static let mark = #""simulated":true"#
    private let codec = House.codec
    private let at = Timestamp(wall: House.now, monotonic: MonotonicInstant(nanoseconds: 0))

    /// One reading of each quality, all real or all simulated.
    private func readings(isSimulated: Bool) -> [Reading] {
        Quality.allCases.map {
            Reading(channel: House.tankTop, value: 1, quality: $0, isSimulated: isSimulated)
        }
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
        let answer = PlainCodec(
            profile: House.profile(isSimulated, of: House.heater), upstream: "site"
        )
        .answer(
            .confirmed(1, at: at.monotonic), id: House.id, node: House.heater,
            to: Reply(topic: "a"), at: at)
        #expect(answer.first?.text.contains(Self.mark) == isSimulated)
    }

    @Test(arguments: [true, false])
    func `is on birth, status and last will when some hardware is simulated`(isSimulated: Bool)
        throws
    {
        let codec = PlainCodec(profile: House.profile(isSimulated), upstream: "site")
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
}

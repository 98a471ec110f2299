import Fakes
import TestMachine
import Testing
import Vocabulary

@testable import Codecs
@testable import Gridworks
@testable import GridworksParent

@Suite(.ownThread) struct `A GridWorks history` {
    typealias House = GridworksHouse
    let codec = House.codec()

    /// Everything a journal may hold, at random.
    private func entries(_ count: Int, seed: UInt64) -> [Entry] {
        var chance = SeededGenerator(seed: seed)
        return (1...count).map { index in
            let matter: Fact.Matter =
                switch Int.random(in: 0..<12, using: &chance) {
                case 0: .event(GatewayEvent(.periodEnded, link: "peer", number: 30_000_000_000))
                case 1: .event(GatewayEvent(.periodEnded, link: "other", number: 60_000_000_000))
                case 2: .event(GatewayEvent(.clockSet, number: -5, detail: "ntp"))
                case 3: .fault(Fault(channel: "tank", kind: .timeout, isOn: true, detail: "d"))
                case 4: .readings([Reading(channel: "tank", value: 85_000, quality: .bad)])
                default:
                    House.readings(
                        ("tank", Int64(index)), ("relay1", Int64.random(in: 0...1, using: &chance)))
                }
            return House.entry(
                UInt64(index), matter, milliseconds: 1_795_225_200_000 + Int64(index) * 1_700)
        }
    }

    private func batches(_ entries: some Sequence<Entry>) -> [HistoryBatch] {
        var writer = codec.historyWriter(of: House.journal)
        return entries.flatMap { writer.write($0) }
    }

    @Test(arguments: 1...20) func `stands for every entry once, in their order`(seed: UInt64) throws
    {
        let batches = batches(entries(400, seed: seed))
        #expect(batches.first?.covers.lowerBound == 1)
        for (one, next) in zip(batches, batches.dropFirst()) {
            #expect(next.covers.lowerBound == one.covers.upperBound + 1)
        }
        let identities = batches.compactMap(\.identity)
        #expect(Set(identities).count == identities.count)
        #expect(identities.allSatisfy(GridworksIdentity.isUUID4))
        #expect(batches.allSatisfy { $0.messages.isEmpty == ($0.identity == nil) })
    }

    @Test(arguments: 1...4) func `is the same again when it begins after any acknowledged batch`(
        seed: UInt64
    ) {
        let entries = entries(100, seed: seed)
        let whole = batches(entries)
        for (index, batch) in whole.enumerated() {
            let rest = batches(
                entries.drop { $0.offset <= batch.covers.upperBound })
            #expect(rest == Array(whole[(index + 1)...]))
        }
    }

    @Test func `has other identities in another journal`() {
        var writer = codec.historyWriter(of: JournalIdentity(high: 1, low: 3))
        let entries = entries(50, seed: 3)
        let others = Set(entries.flatMap { writer.write($0) }.compactMap(\.identity))
        #expect(others.isDisjoint(with: batches(entries).compactMap(\.identity)))
    }

    @Test func `never gives two stretches one identity`() {
        var seen: Set<String> = []
        for first in UInt64(1)...300 {
            for last in first...first + 100 {
                seen.insert(GridworksIdentity.of(first...last, in: House.journal))
            }
        }
        #expect(seen.count == 300 * 101)
    }

    @Test func `loses no good reading and reports none that is not good`() {
        let entries =
            entries(500, seed: 9) + [
                House.entry(
                    501, .event(GatewayEvent(.periodEnded, link: "peer", number: 30_000_000_000)))
            ]
        let parent = GridworksParentCodec(
            alias: House.parent, shortName: "a", children: [.init(House.scada)])
        let told = batches(entries).flatMap(\.messages).flatMap { message in
            if case .event(let event) = parent.heard(message)?.matter {
                event.readings
            } else {
                [GridworksReading]()
            }
        }
        let meant = entries.flatMap { entry in
            if case .readings(let readings) = entry.fact.matter {
                readings.filter { $0.quality == .good && $0.channel == "tank" }
            } else {
                [Reading]()
            }
        }
        #expect(told.filter { $0.channel == "tank" }.map(\.value) == meant.map(\.value))
        #expect(meant.count > 200)
    }

    @Test func `closes a report that is full`() {
        let entries = (1...500).map { index in
            House.entry(
                UInt64(index),
                .readings((0..<16).map { Reading(channel: "relay2", value: $0 % 2) }))
        }
        let batches = batches(entries)
        #expect(batches.map(\.covers) == [1...157, 158...314, 315...471])
        #expect(batches.allSatisfy { ($0.messages.first?.payload.count ?? 0) < 128 << 10 })
    }

    @Test(arguments: [85, 95, 200], 1...4 as ClosedRange<UInt64>)
    func `closes a report before it grows beyond what the broker takes`(
        percent: Int, seed: UInt64
    ) {
        let entries = entries(400, seed: seed)
        let whole = batches(entries)
        let limit =
            whole.flatMap(\.messages).map(\.packetSize).max().map { $0 * percent / 100 } ?? 0
        var writer = codec.historyWriter(of: House.journal)
        let cut = entries.flatMap { writer.write($0, within: limit) }
        #expect(cut.flatMap(\.messages).allSatisfy { $0.packetSize <= limit })
        #expect(percent > 100 ? cut == whole : cut.count > whole.count)
        for (one, next) in zip(cut, cut.dropFirst()) {
            #expect(next.covers.lowerBound == one.covers.upperBound + 1)
        }
    }

    @Test func `carries times of a board whose clock was never set`() throws {
        var writer = codec.historyWriter(of: House.journal)
        _ = writer.write(House.entry(1, House.readings(("tank", 1)), milliseconds: -5))
        let batch = try #require(
            writer.write(House.entry(2, .event(GatewayEvent(.started)), milliseconds: 12)).first)
        #expect(batch.covers == 1...1)
        #expect(batch.messages.first?.text.contains("[946684800000]") == true)
    }

    @Test func `calls what GridWorks has no name for by names of our own`() {
        let told = batches([
            House.entry(
                1, .event(GatewayEvent(.deadLettered, link: "peer", number: 7, detail: "why"))),
            House.entry(
                2, .fault(Fault(channel: "tank", kind: .malformedReply, isOn: false, detail: "ok")),
                "tank"),
            House.entry(
                3, .fault(Fault(channel: "tank", kind: .malformedReply, isOn: true, detail: "CRC")),
                "tank"),
        ]).flatMap(\.messages).map(House.payload)
        #expect(
            told[0].contains(
                #""TypeName":"gridworks.event.tidegate.dead.lettered","Link":"peer","Number":7,"Detail":"why""#
            ))
        #expect(
            told[1].contains(
                #""TypeName":"gridworks.event.tidegate.fault.cleared","Node":"tank","Channel":"tank","Kind":"malformedReply","Detail":"ok""#
            ))
        #expect(
            told[2].contains(
                #""ProblemType":"error","Summary":"tank: malformed reply","Details":"CRC""#))
    }
}

import Fakes
import Health
import Testing
import Vocabulary

@testable import Codecs
@testable import CommandLine
@testable import PlainJson

@Suite struct `The tap` {
    private func status(_ gateway: String, _ sequence: UInt64, links: [String] = []) -> PlainStatus
    {
        func one(_ who: String) -> LinkStatus {
            LinkStatus(
                who: who, incarnation: "1", sequence: sequence, state: .connected,
                interval: .seconds(10))
        }
        return PlainStatus(own: one(gateway), links: links.map(one), at: WallTime(nanoseconds: 0))
    }

    private func stamp(_ seconds: Int64) -> Timestamp {
        Timestamp(
            wall: WallTime(nanoseconds: seconds * 1_000_000_000),
            monotonic: MonotonicInstant(nanoseconds: seconds * 1_000_000_000))
    }

    @Test func `does not call a gateway up of which it has only what the broker kept`() {
        var tap = LinkTap(isJson: false)
        let kept = tap.take(status("d1.dead", 7, links: ["site"]), isRetained: true, at: stamp(0))
        #expect(kept.count == 2 && kept.allSatisfy { $0.contains("connected, unknown") }, "\(kept)")
        // A gateway publishes all its statuses to be kept; the second is one that it has just said.
        let next = tap.take(status("d1.dead", 8, links: ["site"]), isRetained: true, at: stamp(5))
        #expect(next.count == 2 && next.allSatisfy { $0.contains("connected, up") }, "\(next)")
        #expect(tap.look(at: stamp(60)).allSatisfy { $0.contains("silent") })
    }

    @Test func `shows a link that comes back, as its gateway does`() {
        var tap = LinkTap(isJson: false)
        func take(_ sequence: UInt64, _ state: LinkStatus.State, _ cause: String?) -> [String] {
            let own = LinkStatus(
                who: "d1.a", incarnation: "1", sequence: sequence, state: .connected,
                interval: .seconds(10))
            let driver = LinkStatus(
                who: "driver tank", incarnation: "1", sequence: sequence, state: state,
                interval: .seconds(10), counts: nil, nodeCounts: [.polls: 7, .failures: 1],
                cause: cause)
            let status = PlainStatus(own: own, links: [driver], at: WallTime(nanoseconds: 0))
            return tap.take(status, isRetained: false, at: stamp(Int64(sequence)))
        }
        _ = take(1, .connected, nil)
        #expect(
            take(2, .unreachable, "no answer").contains { $0.contains("unreachable, no answer") })
        let back = take(3, .connected, nil)
        #expect(back.count == 1 && back[0].contains("driver tank: connected, up"), "\(back)")
        #expect(back[0].hasSuffix("; polls 7, skipped 0, failures 1"), "\(back)")
        #expect(!back.contains { $0.contains("no answer") })
    }

    @Test func `shows a gateway that comes back after its last will`() {
        var tap = LinkTap(isJson: false)
        _ = tap.take(status("d1.a", 1), isRetained: false, at: stamp(0))
        let will = PlainStatus(
            own: LinkStatus(
                who: "d1.a", incarnation: "1", sequence: 0, state: .unreachable,
                interval: .seconds(10)),
            links: [], at: nil)
        #expect(
            tap.take(will, isRetained: false, at: stamp(1)).contains { $0.contains("unreachable") })
        let back = tap.take(status("d1.a", 3), isRetained: false, at: stamp(2))
        #expect(back.contains { $0.contains("connected, up") }, "\(back)")
        // A word from before the failure changes nothing.
        _ = tap.take(will, isRetained: false, at: stamp(3))
        let old = tap.take(status("d1.a", 2), isRetained: false, at: stamp(4))
        #expect(old.isEmpty, "\(old)")
    }

    @Test func `closes the links of a gateway that says that it goes offline`() {
        var tap = LinkTap(isJson: false)
        _ = tap.take(status("d1.a", 1, links: ["site"]), isRetained: false, at: stamp(0))
        let last = status("d1.a", 2, links: ["site"])
        let offline = PlainStatus(
            own: LinkStatus(
                who: "d1.a", incarnation: "1", sequence: 2, state: .closed, interval: .seconds(10)),
            links: last.links, at: last.at)
        let lines = tap.take(offline, isRetained: false, at: stamp(1))
        #expect(lines.count == 2 && lines.allSatisfy { $0.contains("closed, closed") }, "\(lines)")
        #expect(tap.look(at: stamp(120)).isEmpty)
    }

    @Test func `remembers as many gateways as it has room for`() {
        var tap = LinkTap(isJson: false, capacity: 20)
        for number in 0..<100 {
            _ = tap.take(status("d1.g\(number)", 1), isRetained: false, at: stamp(Int64(number)))
        }
        #expect(tap.memory <= 21)
    }

    @Test func `reports at a message whom silence has changed, all in the order of their names`() {
        var tap = LinkTap(isJson: false)
        for name in ["d1.b", "d1.a"] {
            _ = tap.take(status(name, 1, links: ["y", "x"]), isRetained: false, at: stamp(0))
        }
        let lines = tap.take(status("d1.aa", 1, links: ["z"]), isRetained: false, at: stamp(20))
        #expect(
            lines.compactMap { $0.dropFirst(10).split(separator: ":").first } == [
                "d1.a", "d1.a x", "d1.a y", "d1.aa", "d1.aa z", "d1.b", "d1.b x", "d1.b y",
            ], "\(lines)")
        #expect(lines.count { $0.contains("connected, late") } == 6)
    }

    @Test(arguments: [true, false])
    func `looks at whom a message is about, however many others there are`(isJson: Bool) {
        var tap = LinkTap(isJson: isJson)
        for number in 0..<600 {
            _ = tap.take(
                status("d1.g\(number)", 1, links: ["x", "y"]), isRetained: false, at: stamp(0))
        }
        let before = tap.looks
        for second in 1...5 {
            let lines = tap.take(
                status("d1.g7", UInt64(second + 1), links: ["y", "x"]), isRetained: false,
                at: stamp(Int64(second)))
            #expect(lines.count == (isJson ? 3 : 0))
        }
        #expect(tap.looks - before == 5 * 3)
        // Silence is due: all are looked at once, and not again for the next message.
        let due = tap.take(status("d1.g7", 7), isRetained: false, at: stamp(16))
        let word = isJson ? #""late""# : ", late"
        #expect(due.count { $0.contains(word) } == 599 * 3)
        #expect(tap.looks - before == 5 * 3 + 1_800)
        _ = tap.take(status("d1.g7", 8), isRetained: false, at: stamp(17))
        #expect(tap.looks - before == 6 * 3 + 1_800)
    }

    @Test func `shows people what all links count and what is more than nothing, programs all`() {
        func take(_ counts: LinkCounts?, isJson: Bool) -> String {
            let link = LinkStatus(
                who: "site", incarnation: "1", sequence: 1, state: .connected,
                interval: .seconds(10), counts: counts)
            let status = PlainStatus(
                own: status("d1.a", 1).own, links: [link], at: WallTime(nanoseconds: 0))
            var tap = LinkTap(isJson: isJson)
            return tap.take(status, isRetained: false, at: stamp(0)).last ?? ""
        }
        let some: LinkCounts = [.sent: 2, .oldestUnsent: 4_500_000_000, .lateAcknowledgements: 0]
        let people = take(some, isJson: false)
        let zeros = "received 0, sent 2, dropped 0, unacknowledged 0"
        #expect(people.hasSuffix("; \(zeros), oldest unsent 4 s"), "\(people)")
        let late = take([.lateAcknowledgements: 7], isJson: false)
        #expect(late.hasSuffix("unacknowledged 0, late acknowledgements 7"), "\(late)")
        let programs = take(some, isJson: true)
        let json = #""unacknowledged":0,"oldestUnsent":4.5,"lateAcknowledgements":0,"cause":null}"#
        #expect(programs.hasSuffix(json), "\(programs)")
        let none = take(nil, isJson: true)
        #expect(none.contains(#""received":null,"sent":null,"#), "\(none)")
    }

    @Test func `reports queues that lose something, and programs of each`() {
        func lossy(_ sequence: UInt64, _ dropped: Int64) -> PlainStatus {
            PlainStatus(
                own: status("d1.full", sequence).own, links: [],
                queues: [
                    QueueStatus(
                        name: "page",
                        counts: [.depth: 3, .dropped: dropped, .age: 2_500_000_000]),
                    QueueStatus(
                        name: "commands pump",
                        counts: [.inWork: 1, .answered: 5, .late: 2, .abandoned: 1]),
                ], at: WallTime(nanoseconds: 0))
        }
        var tap = LinkTap(isJson: false)
        let first = tap.take(lossy(1, 4), isRetained: false, at: stamp(0))
        #expect(
            first.last?.contains("d1.full page: depth 3, dropped 4, age 2 s") == true)
        #expect(tap.take(lossy(2, 4), isRetained: false, at: stamp(1)) == [])
        #expect(tap.take(lossy(3, 6), isRetained: false, at: stamp(2)).count == 1)
        var programs = LinkTap(isJson: true)
        let all = programs.take(lossy(1, 0), isRetained: false, at: stamp(0)).joined()
        #expect(all.contains(#""queue":"page","depth":3,"dropped":0,"age":2.5,"inWork":null,"#))
        #expect(all.contains(#""age":null,"inWork":1,"answered":5,"late":2,"abandoned":1}"#))
    }
}

import Fakes
import GridworksParent
import Journals
import TestMachine
import Testing
import Vocabulary

@Suite struct `A parent's machine` {
    typealias Words = ChildWords
    var bench = ParentBench()

    // MARK: Links

    @Test mutating func `has one link for each child on one session`() {
        let outcome = bench.connect()
        #expect(
            outcome.subscribed == [
                "gw/d1-demo-house-scada/to/ltn/#", "gw/d1-demo-barn-scada/to/ltn/#",
            ])
        #expect(
            outcome.published.map(\.topic) == [
                "gw/d1-demo-house/to/s/gridworks-ping", "gw/d1-demo-house/to/s/gridworks-ping",
            ])
        let links = bench.hear(Words.ping()).links
        #expect(links == ["d1.demo.house.scada connected"])
        let others = bench.hear(Words.event("e", from: Words.barn)).links
        #expect(others == ["d1.demo.barn.scada connected"])
        let again = bench.hear(Words.ping()).links
        #expect(again == [])
    }

    @Test mutating func `answers a ping at once`() {
        _ = bench.connect()
        let acknowledged = bench.hear(Words.ping()).acknowledged
        #expect(acknowledged == ["p"])
    }

    @Test mutating func `answers no ping while nothing can be kept`() {
        bench.activate()
        bench.machine.storing(isFaulty: true)
        #expect(bench.hear(Words.ping()).acknowledged == [])
        bench.machine.storing(isFaulty: false)
        #expect(bench.hear(Words.ping()).acknowledged == ["p"])
    }

    @Test mutating func `takes no retained message for a heartbeat`() {
        _ = bench.connect()
        let outcome = bench.hear(Words.ping(isRetained: true))
        #expect(outcome.links == [] && outcome.published.isEmpty)
    }

    @Test mutating func `counts a child that speaks before the subscription is confirmed`() {
        _ = bench.machine.start(at: bench.clock.now)
        let topics = bench.take(.connected(sessionPresent: false)).subscribed
        let stored = bench.hear(Words.event("early")).stored
        #expect(stored.map(\.key.identity) == ["early"])
        let links = bench.take(.subscribed(topic: topics[0])).links
        #expect(links == ["d1.demo.house.scada connected"])
    }

    @Test mutating func `notices a frozen child within poll and ack timeout, whatever it sends it`()
    {
        bench.activate()
        let before = bench.pass(.seconds(59))
        #expect(before.published.isEmpty)
        for _ in 0..<3 { _ = bench.order("snap d1.demo.house.scada") }
        let pings = bench.pass(.seconds(1)).published
        #expect(pings.map(\.type) == ["gridworks-ping", "gridworks-ping"])
        let barn = pings.first { $0.topic.contains("/to/s/") }?.word("MessageId") ?? ""
        _ = bench.hear(Words.ack(barn, from: Words.barn))
        let links = bench.pass(.seconds(5)).links
        #expect(links == ["d1.demo.house.scada timedOut"])
        let back = bench.hear(Words.event("back")).links
        #expect(back == ["d1.demo.house.scada connected"])
    }

    @Test mutating func `links again after the broker was away`() {
        bench.activate()
        let lost = bench.take(.disconnected("gone"))
        #expect(
            lost.links == ["d1.demo.house.scada connecting", "d1.demo.barn.scada connecting"])
        #expect(lost.told.first == .broker(isConnected: false, "gone"))
        let back = bench.reconnect()
        #expect(back.published.count == 2)
        let links = bench.hear(Words.ping()).links
        #expect(links == ["d1.demo.house.scada connected"])
    }

    @Test mutating func `gives a child up that says nothing for a minute, until it is heard again`()
    {
        bench.activate()
        _ = bench.pass(.seconds(60))
        let silent = bench.pass(.seconds(5)).links
        #expect(silent.allSatisfy { $0.hasSuffix(" timedOut") } && silent.count == 2)
        var told: [ParentLine] = []
        for _ in 0..<61 { told += bench.pass(.seconds(1)).told }
        let failed = told.compactMap { line -> String? in
            if case .link("d1.demo.house.scada", .unreachable, let why) = line { why } else { nil }
        }
        #expect(
            failed.count == 1 && failed[0].hasPrefix("start: timed out after 1min"), "\(failed)")
        let links = bench.hear(Words.ping()).links
        #expect(links == ["d1.demo.house.scada connected"])
    }

    @Test mutating func `says which child the broker keeps it from hearing`() {
        _ = bench.machine.start(at: bench.clock.now)
        let topics = bench.take(.connected(sessionPresent: false)).subscribed
        let outcome = bench.take(.subscriptionRefused(topic: topics[1], reason: "not authorized"))
        #expect(outcome.problems.count == 1)
        #expect(
            outcome.told.contains { line in
                if case .problem("d1.demo.barn.scada", _) = line { true } else { false }
            })
        let links = bench.take(.subscribed(topic: topics[0])).links
        #expect(links == ["d1.demo.house.scada timedOut"])
    }

    // MARK: Events

    @Test mutating func `acknowledges an event once it is kept, and not before`() throws {
        bench.activate()
        let heard = bench.hear(Words.event("e1"))
        #expect(heard.acknowledged == [] && heard.stored.count == 1)
        let kept = bench.kept(heard.stored)
        #expect(kept.acknowledged == ["e1"])
        guard case .event(let child, let event, true) = try #require(kept.told.first) else {
            Issue.record("\(kept.told)")
            return
        }
        #expect(child == Words.house && event.words == "warning: cold: feet")
    }

    @Test mutating func `acknowledges again what comes again, and keeps it once`() {
        bench.activate()
        let first = bench.hear(Words.event("e1"))
        let second = bench.hear(Words.event("e1"))
        #expect(first.stored.count == 1 && second.stored.isEmpty)
        let kept = bench.kept(first.stored)
        #expect(kept.acknowledged == ["e1"])
        let third = bench.hear(Words.event("e1"))
        let again = bench.kept(third.stored, isNew: false)
        #expect(again.acknowledged == ["e1"])
    }

    @Test mutating func `does not acknowledge what could not be taken in`() {
        bench.activate()
        let heard = bench.hear(Words.event("e1"))
        bench.machine.notTaken(heard.stored[0].key)
        let late = bench.kept(heard.stored)
        #expect(late.acknowledged == [])
        let again = bench.hear(Words.event("e1"))
        #expect(again.stored.count == 1)
    }

    @Test mutating func `keeps the payload byte for byte, on one line of JSON`() {
        bench.activate()
        let stored = bench.hear(Words.event("e1")).stored
        let line = stored.first.map { String(decoding: $0.line, as: UTF8.self) } ?? ""
        #expect(line.hasPrefix(#"{"kind":"event","at":""#) && line.hasSuffix("}}"))
        #expect(
            line.contains(
                #""payload":{"MessageId":"e1","TimeCreatedMs":1795224776397,"ProblemType":"warning""#
            ))
    }

    @Test mutating func `acknowledges what is kept while it stops, and takes nothing more`() {
        bench.activate()
        let heard = bench.hear(Words.event("e1"))
        bench.machine.stop()
        let late = bench.hear(Words.event("e2"))
        #expect(late.stored.isEmpty && late.acknowledged == [])
        let kept = bench.kept(heard.stored)
        #expect(kept.acknowledged == ["e1"])
        let end = ParentBench.Outcome(bench.machine.close(at: bench.clock.now))
        #expect(end.isClosed && end.links.count == 2)
    }

    @Test mutating func `reports malformed messages once and then how many more`() {
        bench.activate()
        var broken = Words.ping()
        broken.payload.removeLast()
        let first = bench.hear(broken)
        #expect(first.problems.count == 1 && first.published.isEmpty)
        for _ in 0..<50 {
            let more = bench.hear(broken)
            #expect(more.told.isEmpty)
        }
        let later = bench.pass(.seconds(60)).problems
        #expect(later == ["50 more malformed messages"])
        let quiet = bench.pass(.seconds(60)).problems
        #expect(quiet == [])
    }

    // MARK: Orders

    @Test(arguments: [("on", "CloseRelay"), ("off", "OpenRelay"), ("OpenRelay", "OpenRelay")])
    mutating func `switches a relay by the words of its layout`(value: String, event: String)
        throws
    {
        bench.activate()
        let sent = bench.order("set d1.demo.house.scada pump \(value)")
        let message = try #require(sent.published.first)
        #expect(message.topic == "gw/d1-demo-house/to/s/fsm-event")
        #expect(message.word("EventName") == event && message.word("ToHandle") == "ltn.pump")
        let trigger = try #require(message.word("TriggerId"))
        let said = bench.hear(Words.done(trigger)).answers
        #expect(said.map(\.identity) == [trigger] && said.map(\.outcome) == [.confirmed])
        let rest = bench.pass(.seconds(11)).answers
        #expect(rest.isEmpty)
    }

    @Test mutating func `asks for a layout first when it knows none`() {
        _ = bench.connect()
        _ = bench.hear(Words.ping())
        let asked = bench.order("set d1.demo.house.scada pump on")
        #expect(asked.published.map(\.type) == ["send-layout"])
        let sent = bench.hear(Words.layout())
        #expect(sent.published.map(\.type) == ["fsm-event"])
        _ = bench.hear(Words.ping(from: Words.barn))
        _ = bench.order("set d1.demo.barn.scada pump on")
        let late = bench.pass(.seconds(5)).answers
        #expect(late.map(\.outcome) == [.refused])
    }

    @Test(arguments: [
        ("set d1.demo.house.scada pump perhaps", "must be on, off, CloseRelay or OpenRelay"),
        ("set d1.demo.house.scada fan on", "is controlled by the boss of admin.fan"),
        ("set d1.demo.house.scada lamp on", "not a relay of d1.demo.house.scada"),
        ("set d1.stranger pump on", "not a child of this parent"),
        ("snap d1.stranger", "not a child of this parent"),
    ])
    mutating func `refuses an order that is invalid, and says why`(
        line: String, why: String
    ) {
        bench.activate()
        let outcome = bench.order(line)
        #expect(outcome.published.isEmpty && outcome.answers.map(\.outcome) == [.refused])
        #expect(outcome.answers.first?.words.contains(why) == true)
    }

    @Test mutating func `commands an output by a number`() {
        bench.activate()
        let message = bench.order("set d1.demo.house.scada dist-010v 20").published.first
        #expect(message?.type == "analog-dispatch" && message?.word("ToHandle") == "ltn.dist-010v")
        #expect(message?.text.contains(#""Value":20"#) == true)
    }

    @Test mutating func `reports what became of orders that were not confirmed`() throws {
        bench.activate()
        let refused = bench.order("set d1.demo.house.scada pump on").published[0]
        let glitch = bench.hear(Words.glitch("pump")).answers
        #expect(glitch.map(\.identity) == [refused.word("TriggerId")])
        #expect(glitch.map(\.outcome) == [.refused])
        let taken = try #require(
            bench.order("set d1.demo.house.scada pump on").published[0].word("TriggerId"))
        _ = bench.hear(Words.ack(taken))
        _ = bench.order("set d1.demo.house.scada pump off")
        let end = bench.pass(.seconds(10)).answers
        #expect(end.map(\.outcome) == [.taken, .timedOut])
    }

    @Test mutating func `follows the handles that a child changes`() {
        bench.activate()
        _ = bench.hear(
            Words.message(
                "new.command.tree", #""ShNodes":[{"Name":"pump","Handle":"admin.pump"}]"#))
        let refused = bench.order("set d1.demo.house.scada pump on").answers
        #expect(refused.map(\.outcome) == [.refused])
    }

    @Test mutating func `asks for snapshots and layouts, and reports each reading`() {
        bench.activate()
        let asked = bench.order("snap d1.demo.house.scada").published
        #expect(asked.map(\.type) == ["send-snap"])
        let layout = bench.order("layout d1.demo.house.scada").published
        #expect(layout.map(\.type) == ["send-layout"])
        let told = bench.hear(
            Words.message(
                "snapshot.spaceheat",
                """
                "LatestReadingList":[{"ChannelName":"tank","Value":21500,\
                "ScadaReadTimeUnixMs":1795225186637}],"LatestStateList":[]
                """)
        ).told
        #expect(
            told.map { String(decoding: $0.json(at: bench.clock.wallTime), as: UTF8.self) } == [
                #"{"kind":"reading","at":"\#(bench.clock.wallTime.iso8601)","child":"d1.demo.house.scada","channel":"tank","value":21500,"time":"2026-11-21T01:39:46.637000000Z"}"#
            ])
    }

    @Test(.ownThread) mutating func `never owes a tick that is over`() {
        bench.activate()
        var chance = SeededGenerator(seed: 7)
        for step in 0..<5_000 {
            switch chance.next() % 8 {
            case 0: _ = bench.hear(Words.event("e\(step)"))
            case 1: _ = bench.order("set d1.demo.house.scada pump on")
            case 2: _ = bench.hear(Words.ping(from: Words.barn))
            case 3: _ = bench.take(.disconnected("gone"))
            case 4: _ = bench.reconnect()
            case 5: _ = bench.hear(Words.message("nonsense"))
            default: break
            }
            let next = bench.machine.deadline ?? bench.clock.now
            let wait = max(.milliseconds(1), bench.clock.now.duration(to: next))
            _ = bench.pass(chance.next().isMultiple(of: 2) ? wait : .milliseconds(300))
            #expect(bench.machine.deadline.map { $0 > bench.clock.now } ?? true, "step \(step)")
        }
    }
}

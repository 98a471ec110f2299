import Documents
import Fakes
import Fuzzing
import Health
import TestMachine
import Testing
import Vocabulary

@testable import Codecs
@testable import Mqtt
@testable import PlainJson

/// What the codec says reads back as what was meant.
struct PlainReaderTests {
    let codec = House.codec
    let reader = PlainReader()
    let at = Timestamp(wall: House.now, monotonic: MonotonicInstant(nanoseconds: 1))

    func read(_ messages: [MqttMessage]) -> [PlainNews.Matter] {
        messages.compactMap { message in
            let news = reader.read(message)
            #expect(news?.gateway == House.profile.gateway)
            return news?.matter
        }
    }

    @Test func `birth, status and last will read back`() {
        #expect(read(codec.birth(at: House.now)) == [.birth(House.profile)])
        let counts: LinkCounts = [
            .received: 1, .sent: 2, .dropped: 3, .unacknowledged: 4, .oldestUnsent: 5_000_000_001,
        ]
        let lateCounts: LinkCounts = [.received: 1, .lateAcknowledgements: 6]
        for state in [LinkStatus.State.connecting, .connected, .closed, .other("dreaming")] {
            let own = LinkStatus(
                who: House.profile.gateway.text, incarnation: "i7", sequence: 8, state: state,
                interval: .seconds(10))
            let link = LinkStatus(
                who: "site", incarnation: "i7", sequence: 8, state: .connected,
                interval: .seconds(10), counts: counts)
            let peer = LinkStatus(
                who: "peer laptop", incarnation: "i7", sequence: 8, state: .connected,
                interval: .seconds(10), counts: lateCounts)
            // A driver sends and receives nothing, so the status has its node's counts alone.
            let driver = LinkStatus(
                who: "driver tank", incarnation: "i7", sequence: 0, state: .unreachable,
                interval: .seconds(10), counts: nil,
                nodeCounts: [.polls: 9, .skipped: 1, .failures: 3], cause: "node tank: no reply")
            let links = [link, peer, driver]
            let queues = [
                QueueStatus(
                    name: "page", counts: [.depth: 3, .dropped: 4, .age: 2_000_000_000]),
                QueueStatus(
                    name: "commands pump",
                    counts: [.dropped: 1, .inWork: 1, .answered: 5, .late: 2, .abandoned: 3]),
            ]
            #expect(
                read(codec.status(own, links: links, queues: queues, at: House.now)) == [
                    .status(
                        PlainStatus(
                            own: own, links: links, queues: queues, at: House.now,
                            isSimulated: true))
                ])
        }
        guard case .status(let will) = read([codec.will].compactMap(\.self)).first else {
            Issue.record("no status")
            return
        }
        #expect(will.own.state == .unreachable && will.at == nil && codec.will?.isRetained == true)
    }

    @Test func `a status has its counts by their names, in their order, and none that others have`()
        throws
    {
        func link(
            _ who: String, _ counts: LinkCounts?, _ nodeCounts: NodeCounts? = nil
        ) -> LinkStatus {
            LinkStatus(
                who: who, incarnation: "i7", sequence: 8, state: .connected,
                interval: .seconds(10), counts: counts, nodeCounts: nodeCounts)
        }
        let queues = [
            QueueStatus(name: "page", counts: [.depth: 3, .dropped: 4, .age: 1_500_000_000]),
            QueueStatus(name: "commands pump", counts: QueueCounts(of: QueueCount.ofActuators)),
        ]
        let status = codec.status(
            link("d1", [:]),
            links: [
                link("site", [.received: 1, .sent: 2, .unacknowledged: 3, .oldestUnsent: 4]),
                link("peer laptop", [.lateAcknowledgements: 0]),
                link("driver tank", nil, [.polls: 5, .failures: 2]),
            ], queues: queues, at: House.now)
        let text = String(decoding: try #require(status.first).payload, as: UTF8.self)
        let start = #""sequence":8,"interval":10,"#
        for part in [
            start + #""received":0,"sent":0,"dropped":0,"unacknowledged":0,"#,
            start + #""received":1,"sent":2,"dropped":0,"unacknowledged":3,"#,
            #""unacknowledged":0,"oldestUnsent":null,"links":["#,
            #""unacknowledged":3,"oldestUnsent":0.000000004},"#,
            #""unacknowledged":0,"oldestUnsent":null,"lateAcknowledgements":0},"#,
            #"{"name":"driver tank","state":"connected","polls":5,"skipped":0,"failures":2}],"#,
            #"{"name":"page","depth":3,"dropped":4,"age":1.5},"#,
            #"{"name":"commands pump","depth":0,"dropped":0,"inWork":0,"#,
            #""inWork":0,"answered":0,"late":0,"abandoned":0}]}"#,
        ] { #expect(text.contains(part), "\(part) in \(text)") }
    }

    @Test func `a newer gateway's status is read for what is known of it`() throws {
        let message = MqttMessage(
            topic: "tidegate/d1.demo.house1/status",
            payload: Array(
                #"{"state":"online","incarnation":"x","sequence":1,"mood":{"good":true}}"#.utf8))
        guard case .status(let status) = read([message]).first else {
            Issue.record("not read")
            return
        }
        #expect(status.own.state == .connected)
    }

    @Test(arguments: Quality.allCases, [Int64.min, -1, 0, 21_500, .max])
    func `readings read back exactly, live and from history`(quality: Quality, value: Int64) {
        let reading = Reading(channel: House.tankTop, value: value, quality: quality)
        for matter in read(codec.live(reading, at: House.now))
            + read(codec.history(House.entry(9, House.tank, .readings([reading]))))
        {
            switch matter {
            case .live(let told), .reading(let told, offset: 9):
                #expect(told.channel == House.tankTop && told.node == House.tank)
                #expect(told.number.wholeSteps(exponent: -3) == value)
                #expect(told.steps == (quality == .good ? value : nil))
                #expect(told.unit == .celsius && told.time == House.now && told.quality == quality)
            default: Issue.record("\(matter)")
            }
        }
        #expect(read(codec.live(reading, at: House.now)).count == 1)
    }

    @Test func `people read values with their unit and their quality`() {
        func text(_ reading: Reading) -> String? {
            guard case .live(let told) = read(codec.live(reading, at: House.now)).first else {
                return nil
            }
            return told.text
        }
        #expect(text(Reading(channel: House.tankTop, value: 21_500)) == "21.5 °C")
        #expect(text(Reading(channel: House.heaterState, value: 1)) == "on")
        #expect(
            text(Reading(channel: House.tankTop, value: 21_500, quality: .stale))
                == "21.5 °C (stale)")
    }

    @Test func `faults read back`() {
        let fault = Fault(channel: nil, kind: .hung, isOn: true, detail: "für \"immer\"")
        let activeFaults = ActiveFault(node: House.tank, fault: fault, since: House.now)
        #expect(
            read(codec.history(House.entry(3, House.tank, .fault(fault))))
                == [.fault(activeFaults, offset: 3)])
        #expect(
            read(codec.activeFaults([activeFaults], at: House.now)) == [
                .activeFaults([activeFaults])
            ])
        #expect(read(codec.activeFaults([], at: House.now)) == [.activeFaults([])])
    }

    @Test func `what the command line asks is what the gateway understands`() {
        let topic = reader.answerTopic(gateway: House.profile.gateway, node: House.dimmer)
        let expires = House.now.advanced(by: .seconds(5))
        let order = CommandDocument(
            .set(.number(DecimalNumber("12.5")!)), id: House.id, expires: expires)
        let message = reader.command(
            order, gateway: House.profile.gateway, node: House.dimmer)
        var generator = SeededGenerator(seed: 1)
        let command = Command(
            id: House.id, node: House.dimmer, order: .set(125),
            source: CommandSource(.upstream, "site"),
            expires: expires)
        #expect(
            codec.incoming(message, at: House.now, using: &generator).matter
                == .commands([command], Reply(topic: topic)))
    }

    @Test func `answers read back, on any topic`() throws {
        let answers: [(CommandOutcome, CommandOutcome.Kind, Int64?, String?)] = [
            (.confirmed(125, at: at.monotonic), .confirmed, 125, nil),
            (.refused("no"), .refused, nil, "no"), (.failed("stuck"), .failed, nil, "stuck"),
            (.timedOut("?"), .timedOut, nil, "?"),
        ]
        for (answer, outcome, steps, detail) in answers {
            for topic in ["tidegate/d1.demo.house1/answer/cli-1", "answers/me"] {
                let message = codec.answer(
                    answer, id: House.id, node: House.dimmer, to: Reply(topic: topic), at: at
                )[0]
                let told = try #require(reader.answer(in: message.payload))
                #expect(told.id == House.id && told.node == House.dimmer)
                #expect(told.outcome == outcome && told.steps == steps && told.detail == detail)
                #expect(told.value?.wholeSteps(exponent: -1) == steps)
                if topic.hasPrefix("tidegate") { #expect(read([message]) == [.answer(told)]) }
            }
        }
    }

    @Test(.ownThread) func `messages of others and mangled ones read as nothing`() {
        let good = codec.live(Reading(channel: House.tankTop, value: 1), at: House.now)[0]
        for topic in [
            "elsewhere/d1.demo.house1/live/tank-top", "tidegate/d1.demo.house1", "tidegate",
        ] {
            #expect(reader.read(MqttMessage(topic: topic, payload: good.payload)) == nil)
        }
        var originals =
            codec.birth(at: House.now) + [good] + codec.activeFaults([], at: House.now)
        if let will = codec.will { originals.append(will) }
        let rounds = Mangler.rounds(5_000)
        var mangler = Mangler(seed: 5, limit: 4_096)
        var readable = 0
        for round in 0..<rounds {
            var message = originals[round % originals.count]
            message.payload = mangler.mangled(message.payload)
            if reader.read(message) != nil { readable += 1 }
        }
        #expect((1..<rounds / 2).contains(readable), "\(readable) of \(rounds)")
    }
}

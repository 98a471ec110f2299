import NIOCore
import TestMachine
import Testing
import Vocabulary

@testable import Peers

@Suite struct `A conversation` {
    private let stranger = ChirpIdentity(high: 7, low: 7)
    private func own(_ id: Int) -> ChirpIdentity { ChirpIdentity(high: 9, low: UInt64(id)) }

    @Test func `in synchronous mode has one message on its way and counts it sent when released`() {
        var link = ConversationDriver(.synchronous)
        link.post(1, .delivery)
        link.post(2, .delivery)
        link.flushed()
        #expect(link.written.map(\.identity) == [own(1)])
        #expect(link.written[0].kind == .wantsAcknowledgement)
        #expect(link.settled.isEmpty)
        link.receive(frameBytes(own(1), .acknowledgement))
        #expect(link.succeeded(1))
        #expect(link.written.map(\.identity) == [own(1), own(2)])
        #expect(link.written.map(\.serial) == [.max, 0])
    }

    @Test func `in asynchronous mode counts a message sent when the system has taken it`() {
        var link = ConversationDriver(.asynchronous)
        link.post(1, .delivery)
        link.post(2, .delivery)
        #expect(link.written.map(\.kind) == [[], []])
        #expect(link.settled.isEmpty)
        link.flushed()
        #expect(link.succeeded(1) && link.succeeded(2))
    }

    @Test(arguments: [true, false])
    func `takes answer and acknowledgement in either order`(answerFirst: Bool) {
        var link = ConversationDriver(.synchronous)
        link.post(1, .answer)
        let answer = frameBytes(own(1), .wantsAcknowledgement, data: [42])
        let acknowledgement = frameBytes(own(1), .acknowledgement)
        link.receive(answerFirst ? answer + acknowledgement : acknowledgement + answer)
        guard case .success(let message)? = link.settled[1] else {
            Issue.record("not answered")
            return
        }
        #expect(message?.data == ByteBuffer(bytes: [42]))
        #expect(link.written.last?.kind == .acknowledgement)
        #expect(link.written.last?.identity == own(1))
        link.post(2, .answer)
        #expect(link.written.last?.identity == own(2))
    }

    @Test func `stops reading when its slots are taken, and acknowledges on release`() {
        var link = ConversationDriver(.asynchronous, slots: 2)
        let frames = (0..<5).map {
            frameBytes(ChirpIdentity(high: 7, low: $0), .wantsAcknowledgement)
        }
        link.receive(frames.reduce(ByteBuffer(), +))
        #expect(link.delivered.count == 2)
        #expect(!link.isReading)
        #expect(link.written.isEmpty)
        link.release(link.delivered[1].1)
        #expect(link.written.map(\.identity.low) == [1])
        #expect(link.delivered.count == 3)
        link.release(link.delivered[1].1)
        #expect(link.written.count == 1, "released once")
        link.release(link.delivered[0].1)
        link.release(link.delivered[2].1)
        link.release(link.delivered[3].1)
        #expect(link.isReading)
        #expect(link.delivered.count == 5)
    }

    @Test(.ownThread) func `reads no more while the other side does not take what it has caused`() {
        var link = ConversationDriver(.asynchronous, slots: 2)
        var bytes = ByteBuffer()
        for low in 0..<20_000 as Range<UInt64> {
            bytes.writeImmutableBuffer(
                frameBytes(ChirpIdentity(high: 7, low: low), .wantsAcknowledgement))
        }
        link.flushed()
        link.receive(bytes)
        var released = 0
        func releaseAll() {
            while released < link.delivered.count {
                link.release(link.delivered[released].1)
                released += 1
            }
        }
        releaseAll()
        #expect(!link.isReading)
        let most = PeerConversation.mostOwed / ChirpFrame.size + 3
        #expect(link.written.count <= most, "\(link.written.count)")
        while released < 20_000 {
            let before = released
            link.flushed()
            releaseAll()
            guard released > before else { break }
        }
        #expect(released == 20_000)
        link.flushed()
        #expect(link.isReading)
    }

    @Test(arguments: PeerSettings.Mode.allCases)
    func `answers beside what waits, and reads no more while its answers wait`(
        mode: PeerSettings.Mode
    ) {
        var link = ConversationDriver(mode)
        link.post(1, .delivery)
        func answer(_ size: Int) {
            link.machine.post(
                .init(
                    id: nil,
                    message: PeerMessage(
                        identity: stranger, data: ByteBuffer(repeating: 1, count: size)),
                    awaited: .delivery, deadline: link.now), at: link.now)
            link.collect()
        }
        answer(10)
        #expect(link.written.last?.identity == stranger && link.written.last?.kind == [])
        link.machine.writability(false, at: link.now)
        answer(PeerConversation.mostOwed)
        #expect(link.written.count == 2)
        link.receive(frameBytes(stranger))
        #expect(!link.isReading && link.delivered.isEmpty)
        link.machine.writability(true, at: link.now)
        link.collect()
        #expect(link.written.count == 3)
        link.flushed()
        #expect(link.delivered.count == 1)
    }

    @Test func `gives each write its own time, which a trickle does not renew`() {
        var link = ConversationDriver(.asynchronous)
        link.flushed()
        link.post(1, .delivery)
        link.pass(.seconds(3))
        link.post(2, .delivery)
        link.pass(.seconds(1))
        link.machine.written(through: link.machine.writes.count - 1, at: link.now)
        link.collect()
        #expect(link.succeeded(1))
        link.pass(.milliseconds(3_999))
        #expect(link.closed == nil)
        link.pass(.milliseconds(1))
        #expect(link.closed??.kind == .lost)
    }

    @Test func `knows of a message that is given up whether it was sent`() {
        var link = ConversationDriver(.synchronous)
        link.post(1, .answer)
        link.post(2, .answer)
        let wereUnsent = [link.machine.forget(1), link.machine.forget(2)]
        #expect(wereUnsent == [false, true])
    }

    @Test func `answers thousands in one read without running deep`() {
        var link = ConversationDriver(.asynchronous, slots: 1)
        var bytes = frameBytes(stranger)
        for id in 0..<1_000 {
            link.post(id, .answer)
            bytes = bytes + frameBytes(own(id))
        }
        link.receive(bytes)
        #expect(link.settled.isEmpty)
        link.release(link.delivered[0].1)
        #expect(link.settled.count == 1_000)
    }

    @Test func `has a time limit for each message, which another's acknowledgement does not lift`()
    {
        var link = ConversationDriver(.asynchronous)
        link.post(1, .answer, within: .seconds(1))
        link.post(2, .answer, within: .seconds(3))
        link.flushed()
        link.pass(.milliseconds(500))
        link.receive(frameBytes(own(2)))
        link.receive(frameBytes(stranger, .acknowledgement))
        #expect(link.machine.deadline == MonotonicInstant(nanoseconds: 1_000_000_000))
        link.pass(.milliseconds(500))
        #expect(link.kind(1) == .timedOut)
        #expect(link.succeeded(2))
        link.receive(frameBytes(own(1)))
        #expect(link.delivered.count == 1, "a late answer is a message like any other")
        #expect(link.closed == nil)
    }

    @Test func `goes on after a message that was not acknowledged`() {
        var link = ConversationDriver(.synchronous)
        link.post(1, .delivery, within: .seconds(1))
        link.post(2, .delivery, within: .seconds(9))
        link.flushed()
        link.pass(.seconds(1))
        #expect(link.kind(1) == .timedOut)
        #expect(link.written.last?.identity == own(2))
        link.receive(frameBytes(own(1), .acknowledgement))
        #expect(link.settled[2] == nil)
    }

    @Test func `reports each acknowledgement that comes too late, and no other`() {
        var link = ConversationDriver(.synchronous)
        link.post(1, .delivery)
        link.receive(frameBytes(own(1), .acknowledgement))
        #expect(link.lateAcknowledgements == 0)
        link.post(2, .delivery, within: .seconds(1))
        link.pass(.seconds(1))
        link.post(3, .delivery)
        link.receive(frameBytes(own(2), .acknowledgement))
        #expect(link.lateAcknowledgements == 1)
        link.receive(frameBytes(own(3), .acknowledgement))
        #expect(link.succeeded(3) && link.lateAcknowledgements == 1)
        // For a message that was never sent.
        link.receive(frameBytes(stranger, .acknowledgement))
        #expect(link.lateAcknowledgements == 2 && link.closed == nil)
    }

    @Test func `answers those that were never sent that nothing was sent`() {
        var link = ConversationDriver(.synchronous)
        link.post(1, .delivery)
        link.post(2, .delivery, within: .seconds(1))
        link.post(3, .delivery)
        link.flushed()
        link.pass(.seconds(1))
        #expect(link.kind(2) == .busy)
        link.machine.ended(nil)
        link.collect()
        #expect(link.kind(1) == .lost)
        #expect(link.kind(3) == .unreachable)
    }

    @Test func `is full after so many messages`() {
        var link = ConversationDriver(.synchronous)
        for id in 0...PeerSettings.queueLimit + 1 { link.post(id, .delivery) }
        #expect(link.settled.keys.sorted() == [PeerSettings.queueLimit + 1])
        #expect(link.kind(PeerSettings.queueLimit + 1) == .busy)
    }

    @Test func `closes on one who says no hello in time`() {
        var link = ConversationDriver(.synchronous, greeted: false)
        link.flushed()
        link.receive(ByteBuffer(bytes: [1, 2, 3]))
        #expect(link.machine.deadline == MonotonicInstant(nanoseconds: 5_000_000_000))
        link.pass(.seconds(5))
        #expect(link.closed??.kind == .timedOut)
    }

    @Test func `closes on one who takes no bytes in time`() {
        var link = ConversationDriver(.asynchronous)
        link.flushed()
        link.post(1, .delivery, within: .seconds(60))
        link.pass(.seconds(5))
        #expect(link.closed??.kind == .lost)
    }

    @Test func `probes before a message after three quarters of the time for reuse, and ages`() {
        var link = ConversationDriver(.asynchronous)
        link.flushed()
        link.pass(.seconds(22))
        link.post(1, .delivery)
        #expect(link.written.map(\.kind) == [[]])
        link.flushed()
        link.pass(.seconds(23))
        link.post(2, .delivery)
        #expect(link.written.map(\.kind) == [[], .probe, []])
        #expect(link.written[1].identity == .zero)
        link.flushed()
        link.pass(.milliseconds(29_999))
        #expect(link.closed == nil)
        link.pass(.milliseconds(1))
        #expect(link.closed == .some(nil))
    }

    @Test func `does not age while something is in flight`() {
        var link = ConversationDriver(.asynchronous)
        link.receive(frameBytes(stranger))
        link.flushed()
        link.pass(.seconds(60))
        #expect(link.closed == nil)
        link.release(link.delivered[0].1)
        link.pass(.seconds(30))
        #expect(link.closed == .some(nil))
    }

    /// Two machines wired to each other, with cuts, delays and time-outs from a seed.
    @Test(arguments: 0..<40)
    func `gives every message one outcome, whatever happens`(seed: Int) {
        var chance = SeededGenerator(seed: UInt64(seed))
        let mode: PeerSettings.Mode = seed % 2 == 0 ? .synchronous : .asynchronous
        var ends = [
            ConversationDriver(mode, slots: 3), ConversationDriver(.asynchronous, slots: 3),
        ]
        var sent = [0, 0]
        var posted = 0
        for _ in 0..<400 {
            let one = Int.random(in: 0...1, using: &chance)
            switch Int.random(in: 0..<6, using: &chance) {
            case 0, 1:
                posted += 1
                ends[one].post(posted, Bool.random(using: &chance) ? .answer : .delivery)
            case 2:
                ends[one].flushed()
            case 3:
                guard sent[one] < ends[one].written.count else { break }
                let frame = ends[one].written[sent[one]]
                sent[one] += 1
                var bytes = ByteBuffer()
                frame.write(to: &bytes)
                ends[1 - one].receive(bytes)
            case 4:
                guard let (message, slot) = ends[one].delivered.popLast() else { break }
                ends[one].machine.post(
                    .init(
                        id: nil, message: message, awaited: .delivery,
                        deadline: ends[one].now.advanced(by: .seconds(5))), at: ends[one].now)
                ends[one].release(slot)
            default:
                ends[one].pass(.milliseconds(Int64.random(in: 0...900, using: &chance)))
            }
        }
        for index in 0...1 {
            ends[index].machine.ended(nil)
            ends[index].collect()
        }
        #expect(ends[0].settled.count + ends[1].settled.count == posted)
    }
}

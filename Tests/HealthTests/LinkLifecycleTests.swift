import Health
import Testing
import Vocabulary

@Suite struct `A link's life` {
    typealias Step = LinkLifecycle.Step

    static func at(_ milliseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    /// Takes every step that is due now; all succeed.
    static func run(_ life: inout LinkLifecycle, at now: MonotonicInstant) -> [Step] {
        var steps: [Step] = []
        while let step = life.due(at: now), steps.count < 20 {
            steps.append(step)
            life.took(step, .done, at: now)
        }
        return steps
    }

    @Test func `goes up and down step by step, any number of times`() {
        var life = LinkLifecycle()
        for _ in 0..<3 {
            life.want(.up, at: Self.at(0))
            #expect(Self.run(&life, at: Self.at(0)) == [.create, .open, .start])
            #expect(life.state == .connected && life.nextLook == nil)
            life.want(.halted, at: Self.at(1))
            #expect(Self.run(&life, at: Self.at(1)) == [.stop])
            #expect(life.state == .timedOut)
            life.want(.up, at: Self.at(2))
            #expect(Self.run(&life, at: Self.at(2)) == [.start])
            life.want(.closed, at: Self.at(3))
            #expect(life.state == .closing)
            #expect(Self.run(&life, at: Self.at(3)) == [.stop, .close, .delete])
            #expect(life.state == .closed && life.nextLook == nil)
        }
    }

    @Test func `asks again after a growing pause and never in between`() {
        var life = LinkLifecycle(timeout: .seconds(10))
        life.want(.up, at: Self.at(0))
        var (now, tries, looks) = (Self.at(0), 0, 0)
        while life.state != .unreachable, looks < 1_000 {
            looks += 1
            if let step = life.due(at: now) {
                tries += 1
                life.took(step, .again(after: .milliseconds(1)), at: now)
                #expect(life.due(at: now) == nil || life.state == .unreachable)
            }
            now = max(now, life.nextLook ?? now)
        }
        #expect(life.cause == "create: timed out after 10s")
        #expect(now == Self.at(10_000))
        #expect((8...20).contains(tries))
    }

    @Test func `stays failed until it is wanted up again`() {
        var life = LinkLifecycle()
        life.want(.up, at: Self.at(0))
        life.took(.create, .done, at: Self.at(0))
        life.took(.open, .failed("no such broker"), at: Self.at(0))
        #expect(life.state == .unreachable && life.cause == "open: no such broker")
        #expect(life.due(at: Self.at(1_000_000)) == nil)
        life.want(.up, at: Self.at(1_000_000))
        #expect(life.cause == nil)
        #expect(Self.run(&life, at: Self.at(1_000_000)) == [.open, .start])
    }

    @Test func `closes within its time at any behaviour of the other end`() {
        var life = LinkLifecycle(closingTime: .milliseconds(50))
        life.want(.up, at: Self.at(0))
        _ = Self.run(&life, at: Self.at(0))
        life.want(.closed, at: Self.at(100))
        var (now, looks) = (Self.at(100), 0)
        while life.state != .closed, looks < 1_000 {
            looks += 1
            if let step = life.due(at: now) {
                life.took(step, .again(after: .milliseconds(20)), at: now)
            }
            now = max(now, life.nextLook ?? now)
        }
        #expect(life.state == .closed)
        #expect(now <= Self.at(150))
        // No spinning: a handful of looks, not one each moment.
        #expect(looks < 20)
    }

    @Test func `two ends that close at once do not wait`() {
        var ends = [LinkLifecycle(), LinkLifecycle()]
        var monitors = [LinkMonitor(name: "b"), LinkMonitor(name: "a")]
        for index in ends.indices {
            ends[index].want(.up, at: Self.at(0))
            _ = Self.run(&ends[index], at: Self.at(0))
            ends[index].want(.closed, at: Self.at(1))
        }
        for index in ends.indices {
            let status = LinkStatus(
                who: monitors[1 - index].name, incarnation: "1", sequence: 1,
                state: ends[index].state, interval: .seconds(2))
            monitors[1 - index].heard(status, at: Self.at(1))
        }
        for index in ends.indices {
            // Each may close once the other is closed or closing.
            #expect([.closing, .closed].contains(monitors[index].state))
            #expect(Self.run(&ends[index], at: Self.at(1)) == [.stop, .close, .delete])
        }
    }

    @Test func `a word about a step that is not due changes nothing`() {
        var life = LinkLifecycle()
        life.took(.start, .done, at: Self.at(0))
        life.want(.up, at: Self.at(0))
        life.took(.close, .failed("late"), at: Self.at(0))
        #expect(life.state != .unreachable)
        #expect(Self.run(&life, at: Self.at(0)) == [.create, .open, .start])
    }
}

import Testing
import Vocabulary

@testable import Nodes

@Suite struct `A relay that cannot be commanded or read` {
    @Test func `is tried for slowly after the quick tries, and soon when its device answers again`()
    {
        var bench = GuardBench(.init(failsafeAfter: .seconds(60)))
        bench.on()
        bench.isCutOff = true
        bench.pass(.seconds(90))
        #expect(bench.isOn)
        let quick = bench.drives
        bench.pass(.seconds(600))
        #expect(bench.drives == quick + 10, "one a minute")
        bench.isCutOff = false
        bench.relay.shows(1, at: bench.now)
        bench.tend()
        #expect(!bench.isOn)
        #expect(bench.relay.confirmed == false)
    }

    @Test func `is found again by a slow try although it is never read`() {
        var bench = GuardBench(.init(failsafeAfter: .seconds(60)))
        bench.on()
        bench.isCutOff = true
        bench.pass(.seconds(600))
        bench.isCutOff = false
        bench.pass(.seconds(60))
        #expect(!bench.isOn)
    }

    @Test func `is not driven at each reading when it can be read and not commanded`() {
        var bench = GuardBench()
        bench.on()
        bench.isCutOff = true
        bench.off()
        bench.pass(.seconds(60))
        let before = bench.drives
        for _ in 0..<60 {
            bench.relay.shows(1, at: bench.now)
            bench.pass(.seconds(1))
        }
        #expect(bench.drives - before <= 5)
    }

    @Test func `does not count as known for longer than its channel is fresh`() {
        var bench = GuardBench(staleAfter: .seconds(5))
        bench.relay.shows(0, at: bench.now)
        bench.on()
        bench.pass(.milliseconds(4_999))
        #expect(bench.relay.confirmed == true)
        bench.isCutOff = true
        bench.pass(.milliseconds(1))
        #expect(bench.relay.confirmed == nil)
        #expect(bench.fault(.command)?.contains("could not be read for 5s") == true)
        bench.isCutOff = false
        bench.pass(.seconds(1))
        #expect(!bench.isOn, "its safe state is driven")
        #expect(bench.relay.currentControl.controller == nil)
    }
}

@Suite struct `Feedback that was read before the switch` {
    let rules = GuardRules(
        feedback: FeedbackRule(channel: "contact", whenOn: 1...1, within: .seconds(2)))

    @Test func `confirms nothing`() {
        var bench = GuardBench(rules)
        bench.contact = 0
        bench.tend()
        bench.contact = nil
        bench.pass(.seconds(10))
        let before = bench.now.advanced(by: .milliseconds(-100))
        bench.on()
        bench.relay.feedback(1, readAt: before, at: bench.now)
        #expect(bench.outcome(1) == nil)
        #expect(bench.relay.confirmed == nil)
        bench.relay.feedback(1, readAt: bench.now, at: bench.now)
        #expect(bench.outcome(1).value == 1)
    }

    @Test func `confirms nothing of a relay without a command either`() {
        var bench = GuardBench(rules)
        bench.contact = 0
        bench.tend()
        bench.isStuck = true
        bench.on()
        bench.contact = nil
        (bench.relay.awaited, bench.relay.confirmed) = (nil, nil)
        bench.relay.drivenAt = bench.now
        let before = bench.now.advanced(by: .milliseconds(-100))
        bench.relay.feedback(0, readAt: before, at: bench.now)
        #expect(bench.relay.confirmed == nil)
        bench.relay.feedback(0, readAt: bench.now, at: bench.now)
        #expect(bench.relay.confirmed == false)
    }

    @Test func `still counts when the relay is commanded to what it does already`() {
        var bench = GuardBench(rules)
        bench.contact = 1
        bench.on()
        let read = bench.now
        bench.contact = nil
        bench.pass(.milliseconds(500))
        bench.on()
        bench.relay.feedback(1, readAt: read, at: bench.now)
        #expect(bench.outcome(2).value == 1)
    }
}

@Suite struct `A queued command` {
    let rules = GuardRules(limits: .init(minimumOffTime: .seconds(60), queuesEarlyCommands: true))
    let block = RelayGuard.Block(why: "another is on")

    @Test func `is refused when its command expires before it may be carried out`() {
        var bench = GuardBench(rules)
        let answer = bench.ask(.set(1), expires: bench.now.advanced(by: .seconds(30)))
        guard case .refused(let why) = answer else {
            Issue.record("not refused")
            return
        }
        #expect(why.hasSuffix("allowed in 1min, and the command expires before that"))
        #expect(bench.relay.currentControl.queued == nil)
    }

    @Test func `is forgotten when its command has expired`() {
        var bench = GuardBench(rules)
        bench.ask(.set(1), expires: bench.now.advanced(by: .seconds(65)))
        bench.now = bench.now.advanced(by: .seconds(60))
        bench.relay.pass(to: bench.now)
        #expect(bench.relay.step(at: bench.now)?.value == 1)
        bench.relay.blocked(block, at: bench.now)
        #expect(bench.relay.currentControl.queued == 1)
        bench.now = bench.now.advanced(by: .seconds(5))
        bench.relay.pass(to: bench.now)
        #expect(bench.relay.currentControl.queued == nil)
    }

    @Test func `waits on when an interlock stands in its way as it is due, under its own name`() {
        var bench = GuardBench(rules)
        bench.on()
        bench.now = bench.now.advanced(by: .seconds(60))
        bench.relay.pass(to: bench.now)
        #expect(bench.relay.step(at: bench.now)?.value == 1)
        bench.relay.blocked(block, at: bench.now)
        #expect(bench.relay.currentControl.queued == 1)
        #expect(!bench.isOn)
        bench.pass(.seconds(1))
        #expect(bench.isOn)
        #expect(bench.relay.currentControl.controller == GuardBench.site)
    }

    @Test
    func `is reported as late, and bears the name of whoever gave it, not of whoever came before`()
    {
        var bench = GuardBench(.init(limits: .init(queuesEarlyCommands: true)))
        bench.off(by: GuardBench.other)
        let command = Command(
            id: CommandID("late")!, node: "pump", order: .set(1), source: GuardBench.site)
        #expect(bench.relay.take(command, at: bench.now) == nil)
        _ = bench.relay.step(at: bench.now)
        bench.relay.blocked(
            .init(why: "deadTime 2s", until: bench.now.advanced(by: .seconds(2))), at: bench.now)
        guard case .timedOut = bench.relay.outcomes.last?.outcome else {
            Issue.record("answered \(String(describing: bench.relay.outcomes.last))")
            return
        }
        bench.pass(.seconds(2))
        #expect(bench.isOn)
        #expect(bench.relay.currentControl.controller == GuardBench.site)
    }
}

@Suite struct `Time that the machine slept` {
    @Test func `counts for the maximum on time`() {
        var bench = GuardBench(.init(limits: .init(maximumOnTime: .seconds(3600))))
        bench.on()
        bench.pass(.seconds(60))
        bench.relay.slept(.seconds(3500))
        bench.tend()
        #expect(bench.isOn)
        bench.relay.slept(.seconds(3500))
        bench.tend()
        #expect(!bench.isOn)
        #expect(bench.fault(.overtime) != nil)
    }

    @Test func `counts for the silence of the controller, and for a hold`() {
        var bench = GuardBench(.init(failsafeAfter: .seconds(600)))
        bench.on()
        bench.relay.slept(.seconds(600))
        bench.tend()
        #expect(!bench.isOn)
        #expect(bench.fault(.failsafe) != nil)
        bench.ask(.override(value: 1, for: .seconds(600)), by: GuardBench.page)
        bench.relay.slept(.seconds(600))
        bench.tend()
        #expect(bench.relay.currentControl.overriddenBy == nil)
    }
}

@Suite struct `A count of switches` {
    let t0 = MonotonicInstant(nanoseconds: 0)

    private func at(_ seconds: Int) -> MonotonicInstant { t0.advanced(by: .seconds(seconds)) }

    @Test func `has those that happened while nothing was known`() {
        var record = SwitchRecord(limits: .init(maximumSwitchesPerHour: 2), at: t0)
        record.note(isOn: false, at: t0)
        record.note(isOn: nil, at: at(1))
        record.note(isOn: true, at: at(2))
        record.note(isOn: nil, at: at(3))
        #expect(record.refusal(switchingOn: true, at: at(3)) == nil)
        record.note(isOn: false, at: at(4))
        #expect(record.refusal(switchingOn: true, at: at(4)) != nil)
    }

    @Test func `has a failed try once, and the way back from it`() {
        var record = SwitchRecord(limits: .init(maximumSwitchesPerHour: 2), at: t0)
        record.note(isOn: false, at: t0)
        for second in 1...9 { record.noteAttempt(switchingOn: true, at: at(second)) }
        #expect(record.refusal(switchingOn: true, at: at(9)) == nil)
        record.note(isOn: false, at: at(10))
        #expect(record.refusal(switchingOn: true, at: at(10)) != nil)
    }
}

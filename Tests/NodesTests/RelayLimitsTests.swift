import Testing
import Vocabulary

@testable import Nodes

@Suite struct `A relay's limits` {
    @Test func `refuse to switch off before the minimum on time is over, and say when`() {
        var bench = GuardBench(.init(limits: .init(minimumOnTime: .seconds(180))))
        #expect(bench.on().value == 1)
        bench.pass(.seconds(30))
        let refused = bench.off()
        #expect(refused.isRefused)
        #expect(refused.why == "node pump: minimumOnTime 3min, allowed in 150s")
        #expect(bench.isOn)
        bench.pass(.seconds(150))
        #expect(bench.off().value == 0)
    }

    @Test func `count the minimum off time from the start, when nothing is known from before`() {
        var bench = GuardBench(.init(limits: .init(minimumOffTime: .seconds(60))))
        #expect(bench.on().why == "node pump: minimumOffTime 1min, allowed in 1min")
        bench.pass(.seconds(60))
        #expect(bench.on().value == 1)
        #expect(bench.off().value == 0)
        #expect(bench.on().isRefused)
    }

    @Test func `drive the relay off when it was on for too long, once, and report it`() {
        var bench = GuardBench(.init(limits: .init(maximumOnTime: .seconds(7200))))
        bench.on()
        bench.pass(.seconds(3600))
        #expect(bench.on().value == 1, "asked again, it is no longer on for that")
        bench.pass(.seconds(3599))
        #expect(bench.isOn)
        bench.pass(.seconds(1))
        #expect(!bench.isOn)
        #expect(bench.fault(.overtime)?.contains("maximumOnTime") == true)
        bench.pass(.seconds(86_400))
        #expect(bench.switched.count == 2)
        #expect(bench.on().value == 1)
        #expect(bench.fault(.overtime) == nil)
    }

    @Test func `count every switch of the last hour`() {
        var bench = GuardBench(.init(limits: .init(maximumSwitchesPerHour: 4)))
        for _ in 0..<2 {
            #expect(bench.on().value == 1)
            bench.pass(.seconds(60))
            #expect(bench.off().value == 0)
            bench.pass(.seconds(60))
        }
        #expect(bench.on().why == "node pump: maximumSwitchesPerHour 4, allowed in 56min")
        #expect(bench.off().value == 0, "off is what it is; that is no switch")
        bench.pass(.seconds(56 * 60))
        #expect(bench.on().value == 1)
        #expect(bench.off().isRefused)
    }

    @Test func `name the one that holds longest`() {
        var bench = GuardBench(
            .init(limits: .init(minimumOffTime: .seconds(60), maximumSwitchesPerHour: 2)))
        bench.pass(.seconds(60))
        bench.on()
        bench.off()
        #expect(bench.on().why.contains("maximumSwitchesPerHour"))
    }

    @Test func `yield to the maximum on time, silence and the end of an override`() {
        let limits = SwitchLimits(
            minimumOnTime: .seconds(3600), maximumOnTime: .seconds(1800), maximumSwitchesPerHour: 1)
        var long = GuardBench(.init(limits: limits))
        long.on()
        long.pass(.seconds(1800))
        #expect(!long.isOn)
        var silent = GuardBench(.init(limits: limits, failsafeAfter: .seconds(60)))
        silent.on()
        silent.pass(.seconds(60))
        #expect(!silent.isOn)
        var held = GuardBench(.init(limits: limits))
        held.ask(.override(value: 1, for: .seconds(60)), by: GuardBench.page)
        held.pass(.seconds(60))
        #expect(!held.isOn)
    }

    @Test func `queue the last command until it is allowed, where the layout says so`() {
        var bench = GuardBench(
            .init(limits: .init(minimumOffTime: .seconds(60), queuesEarlyCommands: true)))
        guard case .timedOut(let why) = bench.on() else {
            Issue.record("not put off")
            return
        }
        #expect(why.contains("allowed in 1min"))
        #expect(bench.relay.currentControl.queued == 1)
        bench.pass(.seconds(59))
        #expect(!bench.isOn)
        bench.pass(.seconds(1))
        #expect(bench.isOn)
        #expect(bench.relay.currentControl == Control(controller: GuardBench.site))
    }

    @Test func `forget a queued command whose giver has fallen silent before it was allowed`() {
        var bench = GuardBench(
            .init(
                limits: .init(minimumOffTime: .seconds(60), queuesEarlyCommands: true),
                failsafeAfter: .seconds(30)))
        bench.on()
        bench.pass(.seconds(30))
        #expect(bench.relay.currentControl.queued == nil)
        bench.pass(.seconds(60))
        #expect(!bench.isOn)
        #expect(bench.switched.isEmpty)
    }

    @Test
    func `count the silence of a queued command's giver from the last word, not from the switch`() {
        var bench = GuardBench(
            .init(
                limits: .init(minimumOffTime: .seconds(60), queuesEarlyCommands: true),
                failsafeAfter: .seconds(30)))
        bench.on()
        bench.pass(.seconds(20))
        bench.relay.heartbeat(of: GuardBench.site, at: bench.now)
        bench.pass(.seconds(20))
        bench.relay.heartbeat(of: GuardBench.site, at: bench.now)
        bench.pass(.seconds(20))
        #expect(bench.isOn)
        bench.pass(.seconds(9))
        #expect(bench.isOn)
        bench.pass(.seconds(1))
        #expect(!bench.isOn)
        #expect(bench.fault(.failsafe) != nil)
    }

    @Test func `forget a queued command when another comes, or the relay is overridden`() {
        var bench = GuardBench(
            .init(limits: .init(minimumOffTime: .seconds(60), queuesEarlyCommands: true)))
        bench.on()
        #expect(bench.off().value == 0)
        bench.pass(.seconds(120))
        #expect(!bench.isOn)
        var held = GuardBench(
            .init(limits: .init(minimumOffTime: .seconds(60), queuesEarlyCommands: true)))
        held.on()
        held.ask(.override(value: nil, for: .seconds(30)), by: GuardBench.page)
        held.pass(.seconds(120))
        #expect(!held.isOn)
    }
}

import Testing
import Vocabulary

@testable import Nodes

@Suite struct `A relay's authority` {
    @Test func `goes to the caller that overrides the relay, for a time, and is published`() {
        var bench = GuardBench()
        #expect(bench.on().value == 1)
        #expect(
            bench.ask(.override(value: 0, for: .seconds(600)), by: GuardBench.page)
                .value == 0)
        let currentControl = bench.relay.currentControl
        #expect(currentControl.overriddenBy == GuardBench.page)
        #expect(currentControl.until == bench.now.advanced(by: .seconds(600)))
        bench.pass(.seconds(60))
        #expect(bench.on().why == "node pump: overridden by page for 9min more")
        #expect(bench.on(by: GuardBench.page).value == 1, "the holder commands")
        bench.pass(.seconds(539))
        #expect(bench.isOn)
        bench.pass(.seconds(1))
        #expect(!bench.isOn, "the end of a hold leads to the safe state")
        #expect(bench.relay.currentControl == Control())
        #expect(bench.on().value == 1)
    }

    @Test(arguments: [
        (GuardBench.site, GuardBench.other, false), (GuardBench.site, GuardBench.page, true),
        (GuardBench.page, GuardBench.site, false), (GuardBench.page, GuardBench.cli, false),
        (GuardBench.page, GuardBench.page, true), (GuardBench.site, GuardBench.site, true),
    ])
    func `is taken from a holder only by himself or by a hand in the house`(
        holder: CommandSource, taker: CommandSource, isGiven: Bool
    ) {
        var bench = GuardBench()
        bench.ask(.override(value: 1, for: .seconds(60)), by: holder)
        let outcome = bench.ask(.override(value: 0, for: .seconds(120)), by: taker)
        #expect(outcome.isRefused == !isGiven)
        #expect(bench.relay.currentControl.overriddenBy == (isGiven ? taker : holder))
        #expect(bench.isOn == !isGiven)
    }

    @Test(arguments: [
        (GuardBench.site, GuardBench.site, true), (GuardBench.site, GuardBench.other, false),
        (GuardBench.site, GuardBench.cli, true), (GuardBench.page, GuardBench.site, false),
        (GuardBench.page, GuardBench.cli, true),
    ])
    func `is released by the holder or by a hand, and the relay is driven to its safe state`(
        holder: CommandSource, giver: CommandSource, isGiven: Bool
    ) {
        var bench = GuardBench()
        bench.ask(.override(value: 1, for: .seconds(60)), by: holder)
        let outcome = bench.ask(.release, by: giver)
        #expect(outcome.isRefused == !isGiven)
        #expect(bench.isOn == !isGiven)
        #expect((bench.relay.currentControl.overriddenBy == nil) == isGiven)
    }

    @Test func `cannot be released without an override, nor overridden for more than a day`() {
        var bench = GuardBench()
        #expect(bench.ask(.release).why == "node pump: there is no override")
        #expect(bench.ask(.override(value: 1, for: .seconds(86_401))).isRefused)
        #expect(bench.ask(.override(value: 1, for: .zero)).isRefused)
        #expect(bench.relay.currentControl == Control())
    }

    @Test func `is overridden without a switch when no value is given`() {
        var bench = GuardBench()
        bench.on()
        #expect(
            bench.ask(.override(value: nil, for: .seconds(60)), by: GuardBench.cli)
                .value == 1)
        #expect(bench.isOn)
        bench.pass(.seconds(30))
        bench.ask(.override(value: nil, for: .seconds(60)), by: GuardBench.cli)
        bench.pass(.seconds(59))
        #expect(bench.isOn, "taken over again, it is held longer")
    }

    @Test func `belongs to one upstream where the layout names it`() {
        var bench = GuardBench(.init(controller: "site"))
        #expect(bench.on(by: GuardBench.other).why.contains("only upstream site may command it"))
        #expect(bench.on(by: GuardBench.page).isRefused)
        #expect(bench.on().value == 1)
        #expect(
            bench.ask(.override(value: 0, for: .seconds(60)), by: GuardBench.page)
                .value == 0)
        #expect(bench.on().isRefused)
        #expect(bench.on(by: GuardBench.page).value == 1)
    }
}

@Suite struct `A controller who falls silent` {
    let rules = GuardRules(failsafeAfter: .seconds(600))

    @Test func `loses the relay to its safe state, once, and that is reported until he is heard`() {
        var bench = GuardBench(rules)
        bench.on()
        bench.pass(.seconds(599))
        #expect(bench.isOn)
        bench.pass(.seconds(1))
        #expect(!bench.isOn)
        #expect(
            bench.fault(.failsafe)
                == "node pump: no command or heartbeat from upstream site for 10min (failsafeAfter); it is in its safe state"
        )
        bench.pass(.seconds(6000))
        #expect(bench.switched.count == 2)
        bench.relay.heartbeat(of: GuardBench.site, at: bench.now)
        #expect(bench.fault(.failsafe) == nil)
        bench.pass(.seconds(10))
        #expect(!bench.isOn, "being heard is no order")
        #expect(bench.on().value == 1)
    }

    @Test func `keeps it by heartbeats over its own link only`() {
        var bench = GuardBench(rules)
        bench.on()
        for _ in 0..<20 {
            bench.pass(.seconds(590))
            bench.relay.heartbeat(of: GuardBench.site, at: bench.now)
        }
        #expect(bench.isOn)
        bench.pass(.seconds(590))
        bench.relay.heartbeat(of: GuardBench.other, at: bench.now)
        bench.pass(.seconds(10))
        #expect(!bench.isOn)
    }

    @Test func `takes nothing from a relay that is already in its safe state`() {
        var bench = GuardBench(rules)
        bench.pass(.seconds(86_400))
        #expect(bench.fault(.failsafe) == nil)
        #expect(bench.switched.isEmpty)
    }

    @Test func `is not waited for during an override`() {
        var bench = GuardBench(rules)
        bench.on()
        bench.ask(.override(value: 1, for: .seconds(3600)), by: GuardBench.page)
        bench.pass(.seconds(3599))
        #expect(bench.isOn)
        #expect(bench.fault(.failsafe) == nil)
    }

    @Test func `leaves a relay as it is whose safe state is hold`() {
        var bench = GuardBench(rules, safe: .hold)
        bench.on()
        bench.pass(.seconds(601))
        #expect(bench.isOn)
        #expect(bench.fault(.failsafe)?.contains("holds its state") == true)
    }
}

@Suite struct `What a relay confirms` {
    let rules = GuardRules(
        feedback: FeedbackRule(channel: "contact", whenOn: 1...1, within: .seconds(2)))

    @Test func `is what its contact shows, when it has one`() {
        var bench = GuardBench(rules)
        bench.contact = 0
        bench.tend()
        #expect(bench.on() == nil, "the contact has not closed yet")
        bench.pass(.milliseconds(300))
        #expect(bench.outcome(1) == nil)
        bench.contact = 1
        bench.pass(.milliseconds(100))
        #expect(bench.outcome(1).value == 1)
        #expect(bench.relay.confirmed == true)
    }

    @Test func `fails when the contact does not follow in time, and the safe state is driven`() {
        var bench = GuardBench(rules)
        bench.contact = 0
        bench.on()
        bench.pass(.milliseconds(1_999))
        #expect(bench.isOn)
        bench.pass(.milliseconds(1))
        #expect(bench.outcome(1).why.contains("channel contact does not confirm it within 2s"))
        #expect(!bench.isOn)
        #expect(bench.fault(.command) != nil)
        bench.contact = 0
        bench.pass(.seconds(1))
        #expect(bench.fault(.command) != nil, "it stands until an order is carried out again")
        bench.ask(.set(1))
        bench.contact = 1
        bench.pass(.seconds(1))
        #expect(bench.fault(.command) == nil)
    }

    @Test func `is lost when the contact opens later by itself`() {
        var bench = GuardBench(rules)
        bench.contact = 0
        bench.on()
        bench.contact = 1
        bench.pass(.seconds(10))
        bench.contact = 0
        bench.pass(.milliseconds(500))
        bench.contact = 1
        bench.pass(.seconds(10))
        #expect(bench.isOn, "a flicker is forgiven")
        bench.contact = 0
        bench.pass(.seconds(3))
        #expect(!bench.isOn)
        #expect(bench.fault(.command) != nil)
    }

    @Test(arguments: [true, false])
    func `is not put off by commands that are repeated`(wasConfirmed: Bool) {
        var bench = GuardBench(rules)
        bench.contact = 0
        bench.on()
        if wasConfirmed {
            bench.contact = 1
            bench.pass(.seconds(10))
            bench.contact = 0
            bench.pass(.seconds(1))
        }
        let time = wasConfirmed ? Duration.seconds(3) : .seconds(2)
        let end = bench.now.advanced(by: time)
        while bench.isOn, bench.now < end {
            bench.pass(.milliseconds(500))
            if bench.isOn { bench.on() }
        }
        #expect(!bench.isOn)
        #expect(bench.fault(.command) != nil)
    }

    @Test func `is not what was asked for when the relay is stuck`() {
        var bench = GuardBench()
        bench.isStuck = true
        #expect(bench.on().why == "node pump: commanded on, the device shows off")
        #expect(bench.fault(.command) != nil)
        #expect(bench.relay.confirmed == false, "it is where it belongs")
        bench.isStuck = false
        #expect(bench.on().value == 1)
        #expect(bench.fault(.command) == nil)
    }

    @Test func `is sought a bounded number of times when it is stuck out of its safe state`() {
        var bench = GuardBench()
        bench.on()
        bench.isStuck = true
        let outcome = bench.off()
        #expect(outcome.why == "node pump: commanded off, the device shows on")
        var drives = 0
        for _ in 0..<200 {
            bench.relay.pass(to: bench.now)
            while let step = bench.relay.step(at: bench.now) {
                drives += 1
                bench.relay.drove(step, shows: 1, at: bench.now)
            }
            bench.now = bench.now.advanced(by: .seconds(1))
        }
        #expect(
            drives == RelayGuard.tries - 1 + 3,
            "the first try came with the mismatch; after the quick ones there is one a minute")
        #expect(bench.on().why.contains("commands are accepted again once it is in its safe state"))
        bench.isStuck = false
        #expect(bench.off().value == 0, "asking for the safe state tries again")
        #expect(bench.fault(.command) == nil)
    }

    @Test func `is restored when the relay was moved by hand`() {
        var bench = GuardBench()
        bench.force(1)
        #expect(!bench.isOn)
        #expect(bench.fault(.command)?.contains("without a command") == true)
        bench.on()
        bench.force(0)
        #expect(!bench.isOn)
        #expect(bench.relay.currentControl.controller == nil)
    }

    @Test func `is taken as it is where the safe state is hold and no order stands`() {
        var bench = GuardBench(safe: .hold)
        bench.force(1)
        #expect(bench.isOn)
        #expect(bench.fault(.command) == nil)
    }

    @Test func `is unknown while the device is away, and the old order is forgotten`() {
        var bench = GuardBench()
        bench.on()
        bench.relay.lost("unplugged", at: bench.now)
        #expect(bench.relay.confirmed == nil)
        #expect(
            bench.relay.take(
                Command(id: CommandID("x")!, node: "pump", order: .set(1), source: GuardBench.site),
                at: bench.now
            ).why.contains("unknown"))
        bench.relay.opened(at: bench.now)
        bench.force(0)
        bench.pass(.seconds(60))
        #expect(!bench.isOn)
    }
}

@Suite struct `A relay that is stopped` {
    @Test(arguments: [SafeState.off, .on, .hold])
    func `goes to its safe state whoever holds it, and takes nothing more`(safe: SafeState) {
        var bench = GuardBench(safe: safe)
        bench.ask(.override(value: safe == .on ? 0 : 1, for: .seconds(600)), by: GuardBench.page)
        bench.relay.stop()
        bench.tend()
        #expect(bench.isOn == (safe != .off))
        #expect(bench.relay.isAtRest)
        #expect(bench.on(by: GuardBench.page).isRefused)
    }
}

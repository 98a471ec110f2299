import TestMachine
import Testing
import Vocabulary

@testable import Proactors

@Suite struct HeartbeatMonitorTests {
    /// Heartbeats on a clock that is moved by hand, looked at each second.
    struct Watch {
        var monitor = HeartbeatMonitor(longestPause: .seconds(3))
        var now = MonotonicInstant(nanoseconds: 0)
        /// The parts that live.
        var living: Set<GatewayPart> = []

        /// Passes so many seconds.
        /// - Returns: What was to be done, each with its second.
        mutating func pass(_ seconds: Int) -> [(second: Int64, action: HeartbeatMonitor.Action)] {
            var actions: [(Int64, HeartbeatMonitor.Action)] = []
            for _ in 0..<seconds {
                now = now.advanced(by: .seconds(1))
                for part in living { monitor.seen(part, at: now) }
                for action in monitor.look(at: now) {
                    actions.append((now.nanoseconds / 1_000_000_000, action))
                }
            }
            return actions
        }
    }

    private let pump = GatewayPart.node("pump")
    private let tank = GatewayPart.node("tank")

    @Test func `parts that live need nothing`() {
        var watch = Watch(living: [pump, .journal, .proactor])
        watch.monitor.expect(pump, within: .seconds(10), else: .leave, at: watch.now)
        watch.monitor.expect(
            .journal, within: .seconds(10), else: .restart(atMost: 3), at: watch.now)
        watch.monitor.expect(
            .proactor, within: .seconds(10), else: .endProcess(after: .zero), at: watch.now)
        #expect(watch.pass(1_000).isEmpty)
        #expect(watch.monitor.missing == [])
    }

    @Test func `a part that is left alone is named once, and once when it returns`() {
        var watch = Watch()
        watch.monitor.expect(pump, within: .seconds(10), else: .leave, at: watch.now)
        let actions = watch.pass(500)
        #expect(actions.map(\.action) == [.missing(pump, .seconds(11))])
        #expect(actions.map(\.second) == [11])
        #expect(watch.monitor.missing == [pump])
        #expect(!watch.monitor.isHopeless)
        watch.living = [pump]
        #expect(watch.pass(10).map(\.action) == [.returned(pump)])
        #expect(watch.monitor.missing == [])
    }

    @Test func `a part that can be restarted is restarted ever more slowly, and not for ever`() {
        var watch = Watch(living: [tank])
        watch.monitor.expect(pump, within: .seconds(10), else: .restart(atMost: 3), at: watch.now)
        watch.monitor.expect(tank, within: .seconds(10), else: .restart(atMost: 3), at: watch.now)
        let actions = watch.pass(2_000)
        #expect(
            actions.map(\.action)
                == [.missing(pump, .seconds(11)), .restart(pump), .restart(pump), .restart(pump)])
        #expect(actions.map(\.second) == [11, 11, 32, 73])
    }

    @Test func `a part that lived long enough may be restarted as often as at first`() {
        var watch = Watch()
        watch.monitor.expect(pump, within: .seconds(10), else: .restart(atMost: 2), at: watch.now)
        #expect(watch.pass(300).count == 3)
        watch.living = [pump]
        #expect(watch.pass(700).map(\.action) == [.returned(pump)])
        watch.living = []
        #expect(
            watch.pass(300).map(\.action)
                == [.missing(pump, .seconds(11)), .restart(pump), .restart(pump)])
    }

    @Test func `a part that flaps is restarted no more often than one that stays away`() {
        var watch = Watch()
        watch.monitor.expect(pump, within: .seconds(10), else: .restart(atMost: 3), at: watch.now)
        var restarts = 0
        for _ in 0..<20 {
            watch.living = []
            restarts += watch.pass(12).count { $0.action == .restart(pump) }
            watch.living = [pump]
            _ = watch.pass(2)
        }
        #expect(restarts <= 3)
    }

    @Test func `the process ends only for what nothing in it can help, and is ended once`() {
        var watch = Watch()
        watch.monitor.expect(
            .journal, within: .seconds(30), else: .endProcess(after: .seconds(270)), at: watch.now)
        let actions = watch.pass(1_000)
        #expect(
            actions.map(\.action) == [.missing(.journal, .seconds(31)), .endProcess(.journal)])
        #expect(actions.map(\.second) == [31, 301])
        #expect(watch.monitor.isHopeless)
    }

    @Test func `one that comes back in time does not end the process`() {
        var watch = Watch()
        watch.monitor.expect(
            .journal, within: .seconds(30), else: .endProcess(after: .seconds(270)), at: watch.now)
        _ = watch.pass(299)
        watch.living = [.journal]
        #expect(watch.pass(1_000).map(\.action) == [.returned(.journal)])
        #expect(!watch.monitor.isHopeless)
    }

    @Test func `no part is missing after the watchdog itself was stopped`() {
        var watch = Watch(living: [pump, .proactor])
        watch.monitor.expect(pump, within: .seconds(10), else: .restart(atMost: 3), at: watch.now)
        watch.monitor.expect(
            .proactor, within: .seconds(10), else: .endProcess(after: .zero), at: watch.now)
        _ = watch.pass(10)
        watch.now = watch.now.advanced(by: .seconds(3_600))
        watch.living = []
        #expect(watch.pass(9).isEmpty)
        watch.living = [pump, .proactor]
        #expect(watch.pass(100).isEmpty)
    }

    @Test func `what was missing before a stop is still missing after it`() {
        var watch = Watch()
        watch.monitor.expect(pump, within: .seconds(10), else: .leave, at: watch.now)
        _ = watch.pass(20)
        watch.now = watch.now.advanced(by: .seconds(3_600))
        #expect(watch.pass(1).isEmpty)
        #expect(watch.monitor.missing == [pump])
    }

    @Test func `a part that is forgotten is not missed`() {
        var watch = Watch()
        watch.monitor.expect(pump, within: .seconds(10), else: .leave, at: watch.now)
        watch.monitor.forget(pump)
        #expect(watch.pass(100).isEmpty)
        watch.monitor.seen(pump, at: watch.now)
        #expect(watch.monitor.missing == [])
    }

    @Test(.ownThread, arguments: UInt64(0)..<200)
    func `whatever lives and dies, each is named in turn and never restarted while it lives`(
        seed: UInt64
    ) {
        var chance = SeededGenerator(seed: seed)
        var watch = Watch()
        let parts: [GatewayPart] = [pump, tank, .link("site"), .broker]
        for part in parts {
            watch.monitor.expect(
                part, within: .seconds(Int64.random(in: 2...20, using: &chance)),
                else: .restart(atMost: 3), at: watch.now)
        }
        var missing: Set<GatewayPart> = []
        for _ in 0..<300 {
            watch.living = Set(parts.filter { _ in Bool.random(using: &chance) })
            for (_, action) in watch.pass(Int.random(in: 1...30, using: &chance)) {
                switch action {
                case .missing(let part, let silence):
                    #expect(missing.insert(part).inserted)
                    #expect(!watch.living.contains(part))
                    #expect(silence > .seconds(2))
                case .restart(let part): #expect(missing.contains(part))
                case .returned(let part):
                    #expect(missing.remove(part) != nil)
                    #expect(watch.living.contains(part))
                case .endProcess: Issue.record("nothing here ends the process")
                }
            }
            #expect(Set(watch.monitor.missing) == missing)
        }
    }
}

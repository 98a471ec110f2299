import Health
import Testing
import Vocabulary

@Suite struct `A link's monitor` {
    static func at(_ seconds: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: Int64(seconds * 1_000_000_000))
    }

    static func status(
        _ state: LinkStatus.State, _ sequence: UInt64 = 1, incarnation: String = "a",
        interval: Duration = .seconds(2), who: String = "peer"
    ) -> LinkStatus {
        LinkStatus(
            who: who, incarnation: incarnation, sequence: sequence, state: state,
            interval: interval)
    }

    typealias Health = LinkMonitor.Health

    @Test func `knows nothing before the first word, however long it waits`() {
        let monitor = LinkMonitor(name: "peer")
        #expect(monitor.health(at: Self.at(1e6)) == .unknown)
        #expect(monitor.nextChange(after: Self.at(1e6)) == nil)
    }

    @Test(arguments: [
        (0.0, Health.up), (2, .up), (3, .up), (3.1, .late), (6, .late), (6.1, .silent),
        (1e6, .silent),
    ])
    func `calls a silent peer late after one interval and lost after three`(
        seconds: Double, health: Health
    ) {
        var monitor = LinkMonitor(name: "peer")
        monitor.heard(Self.status(.connected), at: Self.at(0))
        #expect(monitor.health(at: Self.at(seconds)) == health)
    }

    @Test func `says when silence changes its mind, and is right about it`() throws {
        var monitor = LinkMonitor(name: "peer")
        monitor.heard(Self.status(.connected), at: Self.at(10))
        let late = try #require(monitor.nextChange(after: Self.at(10)))
        #expect(monitor.health(at: late) == .late)
        let lost = try #require(monitor.nextChange(after: late))
        #expect(monitor.health(at: lost) == .silent)
        #expect(lost <= Self.at(16.1))
        #expect(monitor.nextChange(after: lost) == nil)
    }

    @Test func `counts each status once, by its sequence`() {
        var monitor = LinkMonitor(name: "peer")
        monitor.heard(Self.status(.connected, 5), at: Self.at(0))
        let counted = [5, 4].map { monitor.heard(Self.status(.closed, $0), at: Self.at(1)) }
        #expect(counted == [false, false])
        #expect(monitor.ignored == 2)
        #expect(monitor.state == .connected)
        #expect(monitor.health(at: Self.at(3.5)) == .late)
    }

    @Test func `takes a new incarnation for a new life and the old one's words for nothing`() {
        var monitor = LinkMonitor(name: "peer")
        monitor.heard(Self.status(.unreachable, 900, incarnation: "old"), at: Self.at(0))
        monitor.heard(Self.status(.connected, 1, incarnation: "new"), at: Self.at(1))
        #expect(monitor.health(at: Self.at(1)) == .up)
        let counted = monitor.heard(
            Self.status(.closed, 901, incarnation: "old"), at: Self.at(2))
        #expect(!counted)
        #expect(monitor.state == .connected && monitor.health(at: Self.at(2)) == .up)
    }

    @Test func `keeps a failure until the peer opens again`() {
        var monitor = LinkMonitor(name: "peer")
        monitor.heard(Self.status(.connected, 1), at: Self.at(0))
        monitor.failed("the broker says that it is lost")
        for (index, state) in [LinkStatus.State.connected, .timedOut, .closing, .closed]
            .enumerated()
        {
            monitor.heard(Self.status(state, UInt64(index) + 2), at: Self.at(1))
            #expect(monitor.health(at: Self.at(1)) == .unreachable)
            #expect(monitor.cause == "the broker says that it is lost")
        }
        monitor.heard(Self.status(.connecting, 10), at: Self.at(2))
        #expect(monitor.health(at: Self.at(2)) == .up && monitor.cause == nil)
    }

    @Test func `takes closing for consent to be closed`() {
        var monitor = LinkMonitor(name: "peer")
        monitor.heard(Self.status(.closing), at: Self.at(0))
        #expect(monitor.state == .closing)
    }

    @Test func `takes a word that it does not know for a heartbeat and no more`() {
        var monitor = LinkMonitor(name: "peer")
        monitor.heard(Self.status(.connected, 1), at: Self.at(0))
        monitor.heard(Self.status(.init(word: "hibernating"), 2), at: Self.at(5))
        #expect(monitor.state == .connected && monitor.health(at: Self.at(6)) == .up)
        #expect(monitor.status?.state.word == "hibernating")
    }

    @Test func `believes no interval that would make it wait for ever`() {
        var monitor = LinkMonitor(name: "peer")
        monitor.heard(Self.status(.connected, interval: .seconds(1e12)), at: Self.at(0))
        #expect(monitor.health(at: Self.at(3 * 3600 + 1)) == .silent)
        monitor.heard(Self.status(.connected, 2, interval: .zero), at: Self.at(20_000))
        #expect(monitor.health(at: Self.at(20_000.1)) == .up)
    }

    @Test func `matches a group when any link matches, and never an empty group`() {
        var monitors = LinkMonitors()
        let isFine = { (monitor: LinkMonitor) in
            monitor.health(at: Self.at(1)) == .up && monitor.state != .timedOut
        }
        #expect(!monitors.any(where: isFine))
        monitors.heard(Self.status(.timedOut, who: "a"), at: Self.at(0))
        #expect(!monitors.any(where: isFine))
        monitors.heard(Self.status(.connected, who: "b"), at: Self.at(0))
        #expect(monitors.any(where: isFine))
        #expect(monitors.all.map(\.name) == ["a", "b"])
    }

    @Test func `is one of a bounded crowd, in which the longest silent is evicted`() {
        var monitors = LinkMonitors(capacity: 3)
        for (index, who) in ["a", "b", "c", "d"].enumerated() {
            monitors.heard(Self.status(.connected, who: who), at: Self.at(Double(index)))
        }
        #expect(monitors.all.map(\.name) == ["b", "c", "d"])
    }
}

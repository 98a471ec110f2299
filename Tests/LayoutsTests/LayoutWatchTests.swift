import Testing
import Vocabulary

@testable import Layouts

@Suite struct LayoutWatchTests {
    private static let start = MonotonicInstant(nanoseconds: 1_000_000_000)
    private var watch = LayoutWatch(content: [1], schedule: .seconds(30), at: start)
    private var now = start

    private mutating func pass(_ time: Duration) { now = now.advanced(by: time) }

    private mutating func notice() { watch.noticed(at: now) }

    private mutating func look(_ finding: LayoutWatch.Finding) -> LayoutWatch.News? {
        now = max(now, watch.deadline)
        return watch.looked(finding, at: now)
    }

    @Test mutating func `a change is looked at once it has been quiet`() {
        for _ in 0..<3 {
            pass(.milliseconds(50))
            notice()
        }
        #expect(now.duration(to: watch.deadline) == LayoutWatch.quiet)
        #expect(look(.content([2])) == .changed([2]))
        #expect(now.duration(to: watch.deadline) == .seconds(30))
    }

    @Test mutating func `a file that never comes to rest is looked at all the same`() {
        notice()
        let first = now
        while now < watch.deadline {
            pass(.milliseconds(50))
            notice()
        }
        #expect(first.duration(to: now) == LayoutWatch.longestWait)
    }

    @Test mutating func `a file that was touched, or replaced by the same, is no news`() {
        notice()
        #expect(look(.content([1])) == nil)
        #expect(look(.content([2])) == .changed([2]))
        notice()
        #expect(look(.content([2])) == nil)
    }

    @Test mutating func `it is looked at in a slow rhythm without a reported change`() {
        #expect(now.duration(to: watch.deadline) == .seconds(30))
        #expect(look(.content([2])) == .changed([2]))
    }

    @Test
    mutating func
        `a missing file is reported once, and its return only when it says something new`()
    {
        #expect(look(.missing) == .missing)
        #expect(look(.missing) == nil)
        #expect(look(.content([1])) == nil)
        #expect(look(.missing) == .missing)
        #expect(look(.content([3])) == .changed([3]))
    }

    @Test mutating func `a file that cannot be read is reported once for each reason`() {
        #expect(look(.unreadable("permission denied")) == .unreadable("permission denied"))
        #expect(look(.unreadable("permission denied")) == nil)
        #expect(look(.unreadable("is a directory")) == .unreadable("is a directory"))
        #expect(look(.content([1])) == nil)
    }

    @Test mutating func `a hundred changes with pauses are a hundred news in their order`() {
        var heard: [LayoutWatch.News] = []
        for number in 2..<102 {
            // Renamed onto its name: it goes, and is there again.
            notice()
            pass(.milliseconds(1))
            notice()
            heard += look(.content([UInt8(number)])).map { [$0] } ?? []
            pass(.milliseconds(300))
        }
        #expect(heard == (2..<102).map { .changed([UInt8($0)]) })
    }

    @Test mutating func `a look that is asked for happens without delay`() {
        pass(.seconds(3))
        watch.demand(at: now)
        #expect(watch.deadline == now)
        #expect(look(.content([1])) == nil)
    }
}

import DriverKit
import Testing
import Vocabulary

struct DebouncerTests {
    private var debouncer = Debouncer(period: .milliseconds(20), isActive: false)

    private func edge(_ milliseconds: Int64, _ isActive: Bool) -> Edge {
        Edge(at: instant(milliseconds), isActive: isActive)
    }

    private func instant(_ milliseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test mutating func `nine bounces are one change, dated by the last of them`() {
        for index in 0..<9 {
            let bounce = edge(100 + Int64(index) * 3, index.isMultiple(of: 2))
            #expect(debouncer.take(bounce) == nil)
        }
        #expect(debouncer.deadline == instant(144))
        #expect(debouncer.settle(at: instant(143)) == nil)
        #expect(debouncer.isActive == false)
        #expect(debouncer.level)
        #expect(debouncer.settle(at: instant(144)) == edge(124, true))
        #expect(debouncer.isActive)
        #expect(debouncer.deadline == nil)
        #expect(debouncer.settle(at: instant(500)) == nil)
    }

    @Test mutating func `a short glitch is no change`() {
        #expect(debouncer.take(edge(100, true)) == nil)
        #expect(debouncer.take(edge(105, false)) == nil)
        #expect(debouncer.settle(at: instant(200)) == nil)
        #expect(!debouncer.isActive)
        #expect(debouncer.deadline == nil)
    }

    @Test mutating func `changes that were taken late keep their own times`() {
        #expect(debouncer.take(edge(100, true)) == nil)
        #expect(debouncer.take(edge(150, false)) == edge(100, true))
        #expect(debouncer.settle(at: instant(1000)) == edge(150, false))
    }

    @Test mutating func `every edge starts the time again, also one whose twin was lost`() {
        #expect(debouncer.take(edge(100, true)) == nil)
        #expect(debouncer.take(edge(115, true)) == nil)
        #expect(debouncer.settle(at: instant(130)) == nil)
        #expect(debouncer.settle(at: instant(135)) == edge(115, true))
    }

    @Test func `without a debounce time every change counts at once, and only changes do`() {
        var debouncer = Debouncer(period: .zero, isActive: false)
        #expect(debouncer.take(edge(100, true)) == edge(100, true))
        #expect(debouncer.take(edge(100, true)) == nil)
        #expect(debouncer.take(edge(100, false)) == edge(100, false))
        #expect(debouncer.deadline == nil)
    }
}

import Testing

@testable import Channels

@Suite struct `Shares of takers` {
    private var shares = TakerShares()

    private mutating func gave(_ seat: Int) -> Bool { shares.gave(to: seat) }
    private mutating func enter() -> Int { shares.enter() }

    @Test mutating func `let one who is ahead yield, and not the others`() {
        let (eager, other) = (enter(), enter())
        for _ in 0..<8 { #expect(gave(eager) == false) }
        #expect(gave(eager) == true)
        #expect(gave(other) == false)
    }

    @Test mutating func `owe nothing for what is long ago`() {
        let (eager, other) = (enter(), enter())
        var gaveWay = 0
        for _ in 0..<128 where gave(eager) { gaveWay += 1 }
        #expect(gaveWay > 100)
        #expect(gave(eager) == false, "all begin again")
        #expect(gave(other) == false)
    }

    @Test mutating func `let also one alone yield now and then`() {
        let only = enter()
        var gaveWay = 0
        for _ in 0..<32 where gave(only) { gaveWay += 1 }
        #expect(gaveWay == 2)
    }

    @Test mutating func `forget one who has left`() {
        let (first, second) = (enter(), enter())
        for _ in 0..<10 { _ = gave(second) }
        shares.leave(second)
        #expect(enter() == second)
        #expect(gave(second) == false)
        #expect(gave(first) == false)
    }
}

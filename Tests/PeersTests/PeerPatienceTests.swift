import Testing
import Vocabulary

@testable import Peers

@Suite struct `Looking for the next bytes` {
    private var patience = PeerPatience()
    private var now = MonotonicInstant(nanoseconds: 0)

    private mutating func arrive(after microseconds: Int) {
        now = now.advanced(by: .microseconds(microseconds))
        patience.arrived(at: now)
    }

    private mutating func looks(after microseconds: Int) -> Bool {
        now = now.advanced(by: .microseconds(microseconds))
        return patience.mayLook(at: now)
    }

    @Test mutating func `is for those who come in quick succession`() {
        arrive(after: 0)
        #expect(!looks(after: 1), "one alone says nothing")
        arrive(after: 100)
        #expect(looks(after: 1))
        arrive(after: 10_000)
        #expect(!looks(after: 1))
    }

    @Test mutating func `ends after a moment, also by a clock that stands still`() {
        arrive(after: 0)
        arrive(after: 10)
        #expect(looks(after: 49))
        #expect(!looks(after: 1))
        arrive(after: 10)
        var count = 0
        while looks(after: 0) { count += 1 }
        #expect(count == 200)
    }

    @Test mutating func `that is in vain happens ever more seldom, until it finds something`() {
        arrive(after: 0)
        var seldom: [Int] = []
        for _ in 0..<9 {
            var passed = 0
            arrive(after: 100)
            while !looks(after: 1) {
                passed += 1
                arrive(after: 100)
            }
            #expect(!looks(after: 50), "nothing came")
            seldom.append(passed)
        }
        #expect(seldom == [0, 0, 1, 2, 4, 8, 16, 32, 64])
        for _ in 0..<65 { arrive(after: 100) }
        #expect(looks(after: 1))
        patience.found()
        arrive(after: 10)
        #expect(!looks(after: 60), "in vain once")
        arrive(after: 10)
        #expect(looks(after: 1), "and forgiven")
    }
}

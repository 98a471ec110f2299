import Testing
import Vocabulary

@Suite struct `What is counted` {
    private enum Letter: Int, Count {
        case posted, open, oldestOpen, returned

        var about: CountDescription {
            switch self {
            case .posted: .counter("letters posted")
            case .open: .gauge("letters on their way")
            case .oldestOpen: .age("age of the oldest on its way")
            case .returned: .counter("letters returned", of: "post offices")
            }
        }
    }

    private func there(_ counts: Counts<Letter>) -> [Letter] {
        Letter.allCases.filter { counts[ifThere: $0] != nil }
    }

    @Test func `begins at zero with what all have, and with what their owner has`() {
        #expect(there(Counts()) == [.posted, .open])
        #expect(there(Counts(of: "post offices")) == [.posted, .open, .returned])
        #expect(there(Counts(of: "kitchens")) == [.posted, .open])
    }

    @Test func `goes up one by one, and is equal when all is`() {
        var counts = Counts<Letter>()
        counts[.posted] += 2
        counts[.returned] += 1
        var others = Counts<Letter>()
        others[.posted] = 2
        #expect(counts != others && counts[.open] == 0)
        others[.returned] = 1
        #expect(counts == others)
    }

    @Test func `has an age while there is something to measure`() {
        var counts = Counts<Letter>()
        #expect(counts[age: .oldestOpen] == nil)
        counts[age: .oldestOpen] = .milliseconds(1_500)
        #expect(counts[.oldestOpen] == 1_500_000_000)
        counts[age: .oldestOpen] = nil
        #expect(counts == Counts())
    }

    @Test func `is called by its case, and an age is in seconds`() {
        #expect(Letter.allCases.map(\.key) == ["posted", "open", "oldestOpen", "returned"])
        #expect(Letter.oldestOpen.about.unit == .second && Letter.oldestOpen.about.exponent == -9)
        #expect(Letter.posted.about.kind == .counter && Letter.oldestOpen.about.kind == .gauge)
    }
}

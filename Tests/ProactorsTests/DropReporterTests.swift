import Testing
import Vocabulary

@testable import Proactors

@Suite struct `What an upstream will never hear` {
    private func at(_ seconds: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: Int64(seconds * 1e9))
    }

    @Test
    func `is reported when drops begin, and once a minute while they go on and the link is there`()
    {
        var book = DropReporter()
        #expect(book.drop(3, of: "site", at: at(0))?.number == 3)
        #expect(book.drop(4, of: "site", at: at(1)) == nil)
        #expect(book.drop(5, of: "site", at: at(59)) == nil)
        #expect(book.dropsDue("site", at: at(59)) == nil)
        #expect(book.dropsDue("site", at: at(60))?.number == 9)
        #expect(book.dropsDue("site", at: at(180)) == nil)
        #expect(book.drop(1, of: "site", at: at(181)) == nil)
        #expect(book.dropsDue("site", at: at(181))?.number == 1)
    }

    @Test func `is reported in one number when the link is back, and drops after that begin again`()
    {
        var book = DropReporter()
        _ = book.drop(3, of: "site", at: at(0))
        _ = book.drop(7, of: "site", at: at(5))
        #expect(book.isBack("site", at: at(10))?.number == 7)
        #expect(book.isBack("site", at: at(11)) == nil)
        #expect(book.drop(2, of: "site", at: at(12))?.number == 2)
    }
}

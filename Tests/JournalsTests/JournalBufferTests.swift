import Testing
import Vocabulary

@testable import Journals

@Suite struct `A journal's buffer` {
    @Test func `keeps the last facts that were written in memory`() {
        var buffer = written(1_000)
        #expect(buffer.isEmpty)
        let first = UInt64(1_000 - JournalBuffer.recall + 1)
        #expect(buffer.written(from: first - 1, limit: 9) == nil, "older ones are on disk only")
        #expect(offsets(buffer, from: first, limit: 3) == [first, first + 1, first + 2])
        #expect(offsets(buffer, from: 999, limit: 9) == [999, 1_000])
        #expect(offsets(buffer, from: 1_001, limit: 9) == [])
        buffer.begin(after: 2_000)
        #expect(buffer.written(from: 1_000, limit: 9) == nil, "another file need not have them")
    }

    @Test func `finds facts in memory where offsets are missing`() {
        var buffer = JournalBuffer(capacity: 2)
        buffer.begin(after: 0)
        _ = buffer.append([fact(1)])
        _ = buffer.beginWriting(limit: 9)
        buffer.written()
        _ = buffer.append((2...6).map(fact))
        _ = buffer.beginWriting(limit: 9)
        buffer.written()
        #expect(offsets(buffer, from: 1, limit: 9) == [1, 5, 6])
        #expect(offsets(buffer, from: 3, limit: 1) == [5])
    }

    @Test func `corrects times of what was written too`() {
        var buffer = JournalBuffer(capacity: 9)
        buffer.begin(after: 0)
        let at = Timestamp(
            wall: WallTime(nanoseconds: 5), monotonic: MonotonicInstant(nanoseconds: 5),
            isSynchronised: false)
        _ = buffer.append([Fact(node: "tank", at: at, matter: .readings([]))])
        _ = buffer.beginWriting(limit: 9)
        buffer.written()
        buffer.correctTimes(by: .nanoseconds(100))
        #expect(buffer.written(from: 1, limit: 1)?.first?.entry.fact.at.wall.nanoseconds == 105)
    }

    private func written(_ count: Int) -> JournalBuffer {
        var buffer = JournalBuffer(capacity: count)
        buffer.begin(after: 0)
        _ = buffer.append((1...count).map(fact))
        _ = buffer.beginWriting(limit: count)
        buffer.written()
        return buffer
    }

    private func offsets(_ buffer: JournalBuffer, from offset: JournalOffset, limit: Int)
        -> [JournalOffset]?
    {
        buffer.written(from: offset, limit: limit)?.map(\.entry.offset)
    }
}

import NIOCore
import Testing

@testable import Peers

@Suite struct `What goes out on a connection` {
    private var outbox = PeerOutbox()

    private func bytes(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    private mutating func put(_ text: String) -> ByteBuffer? { outbox.put(bytes(text)) }
    private mutating func plan(_ isLone: Bool) -> PeerOutbox.Moment? { outbox.plan(isLone: isLone) }
    private mutating func flush() -> (last: ByteBuffer, count: Int)? { outbox.flush() }
    private mutating func hasReceived() -> Bool { outbox.hasReceived() }

    @Test mutating func `is handed over write by write, and the last with the flush`() {
        #expect(put("hello") == nil)
        #expect(put("first") == bytes("hello"))
        #expect(put("second") == bytes("first"))
        #expect(plan(false) == .endOfTurn)
        #expect(plan(false) == nil, "one flush is enough")
        let flushed = flush()
        #expect(flushed?.last == bytes("second") && flushed?.count == 3)
        #expect(flush() == nil)
    }

    @Test mutating func `goes at once when nothing is about to follow`() {
        #expect(plan(true) == nil, "there is nothing")
        _ = put("question")
        #expect(plan(true) == .now)
        #expect(flush()?.count == 1)
    }

    @Test mutating func `waits for the end of a read that caused it`() {
        #expect(!hasReceived())
        outbox.receives()
        _ = put("answer")
        #expect(plan(true) == nil)
        #expect(hasReceived())
        #expect(flush()?.last == bytes("answer"))
        _ = put("later")
        #expect(plan(false) == .endOfTurn)
    }
}

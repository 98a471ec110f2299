import NIOCore
import Vocabulary

// Our own questions.
extension PeerNode {
    /// Asks and waits for the one answer: JSON in UTF-8, `{"refused": …}` when it is declined.
    ///
    /// - Throws: As `request`; and `.malformed` when what comes back is no answer of a gateway.
    public func ask(
        _ question: PeerQuestion, of address: PeerAddress, within limit: Duration? = nil
    ) async throws(PeerError) -> [UInt8] {
        precondition(question != .watch, "a watch has more than one answer")
        let message = PeerHeader(.question).message(newIdentity(), question.text)
        let answer = try await exchange(message, .answer, with: address, within: limit).get()
        guard let answer, PeerHeader(answer.header)?.kind == .answer else {
            throw PeerError(
                .malformed, "\(address): malformed answer; check that it is a gateway")
        }
        return Array(answer.data.readableBytesView)
    }

    /// Asks for every value from now on, over a connection of its own.
    public func watch(_ address: PeerAddress) -> PeerWatch {
        let id = newID()
        let identity = newIdentity()
        let lanes = Set(
            watched.values.lazy.filter { $0.route.address == address }.map(\.route.lane))
        let lane = (1...lanes.count + 1).first { !lanes.contains($0) }
        let route = Route(address: address, lane: lane ?? 1)
        watched[id] = Watched(route: route)
        let (items, continuation) = AsyncStream<PeerWatch.Item>.makeStream()
        requesters[id] = .stream(continuation)
        post(
            PeerConversation.Post(
                id: id, message: PeerHeader(.question).message(identity, PeerQuestion.watch.text),
                awaited: .stream, deadline: clock.now.advanced(by: settings.timeout)),
            to: route)
        return PeerWatch(node: self, address: address, id: id, identity: identity, items: items)
    }

    /// The certificate that is shown at `address`, before it is trusted. For pairing: this node's list
    /// must be empty.
    public func meet(_ address: PeerAddress) async throws(PeerError) -> Fingerprint {
        let outcome = await exchange(
            PeerMessage(identity: newIdentity(), data: ByteBuffer()), .delivery, with: address,
            within: nil)
        if let stranger = strangers[address] { return stranger }
        _ = try outcome.get()
        throw PeerError(.notTrusted, "\(address): presented no certificate")
    }

    /// A message for a stream of ours. Its slot is kept until the stream's reader has taken it, so
    /// that never more than the slots lie in the stream.
    func news(
        _ id: Int, _ message: PeerMessage, _ slot: PeerConversation.Slot,
        _ connection: PeerConnection
    ) {
        guard case .stream(let continuation)? = requesters[id],
            let word = PeerHeader(message.header), word.kind != .question
        else { return connection.conversation.release(slot, at: clock.now) }
        switch word.kind {
        case .news:
            let text = Array(message.data.readableBytesView)
            guard case .enqueued = continuation.yield(.news(text, slot)) else {
                return connection.conversation.release(slot, at: clock.now)
            }
            watched[id]?.connection = connection.id
            watched[id]?.slots.insert(slot)
        case .answer:
            continuation.yield(.answer(Array(message.data.readableBytesView)))
            fallthrough
        default:
            connection.conversation.release(slot, at: clock.now)
            connection.conversation.forget(id)
            requesters[id] = nil
            continuation.finish()
        }
    }

    func taken(_ slot: PeerConversation.Slot, of id: Int) {
        guard watched[id]?.slots.remove(slot) != nil,
            let connection = watched[id]?.connection.flatMap({ connections[$0] })
        else { return }
        connection.conversation.release(slot, at: clock.now)
        act(connection)
    }

    /// Ends a watch of ours, with the news that was not read, and notifies the other side.
    func endWatch(_ id: Int, _ identity: ChirpIdentity) {
        guard let watch = watched.removeValue(forKey: id) else { return }
        let now = clock.now
        if let connection = watch.connection.flatMap({ connections[$0] }) {
            for slot in watch.slots { connection.conversation.release(slot, at: now) }
            act(connection)
        }
        guard case .stream(let continuation)? = requesters.removeValue(forKey: id) else { return }
        continuation.finish()
        takeBack(id, from: watch.route)
        guard let connection = connection(of: watch.route) else { return }
        connection.conversation.forget(id)
        connection.conversation.post(
            PeerConversation.Post(
                id: nil, message: PeerHeader(.end).message(identity), awaited: .delivery,
                deadline: now.advanced(by: settings.timeout)), at: now)
        act(connection)
    }
}

/// A watch on another gateway. It ends when it is released. One task at a time reads it.
public final class PeerWatch: Sendable {
    enum Item: Sendable {
        case news([UInt8], PeerConversation.Slot)
        /// The watch was declined; this is why, as an answer.
        case answer([UInt8])
        case failed(PeerError)
    }

    private let node: PeerNode
    private let address: PeerAddress
    private let id: Int
    private let identity: ChirpIdentity
    private let items: AsyncStream<Item>

    init(
        node: PeerNode, address: PeerAddress, id: Int, identity: ChirpIdentity,
        items: AsyncStream<Item>
    ) {
        (self.node, self.address, self.id) = (node, address, id)
        (self.identity, self.items) = (identity, items)
    }

    /// Waits for the next value: JSON in UTF-8, `{"refused": …}` when the watch was declined.
    ///
    /// - Returns: Nil when the other side has ended the watch, or the task was cancelled.
    /// - Throws: What ended it otherwise.
    public func next() async throws(PeerError) -> [UInt8]? {
        var iterator = items.makeAsyncIterator()
        switch await iterator.next() {
        case .news(let text, let slot):
            await node.taken(slot, of: id)
            return text
        case .answer(let text): return text
        case .failed(let error): throw PeerError(error.kind, "\(address): \(error.detail)")
        case nil: return nil
        }
    }

    deinit {
        let (node, id, identity) = (node, id, identity)
        Task { await node.endWatch(id, identity) }
    }
}

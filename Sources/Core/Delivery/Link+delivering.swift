import Vocabulary

// History, in order and within the window.
extension Link {
    /// Everything up to here was acknowledged, or dead-lettered.
    public var cursor: JournalOffset { deliveries.cursor }

    /// The last entry that was taken from the journal; the next to read is the one after it.
    public var lastRead: JournalOffset { deliveries.lastRead }

    /// How many more messages may be handed over, each by itself as long as one of them is suspected.
    public var room: Int {
        guard suspects.hasRoom else { return 0 }
        guard suspects.isCareful else { return deliveries.room }
        // A broker that hangs up at the subscriptions is none that hangs up at a message.
        return unconfirmed.subtracting(denied).isEmpty ? min(1, deliveries.room) : 0
    }

    /// Messages and batches that wait for something. Never more than twice the window and what one entry
    /// takes.
    public var inFlight: Int { deliveries.inFlight }

    /// Whether what is no history, such as a live value, may be handed over now.
    public var canSend: Bool { isConnected && room > 0 }

    /// Whether to read another entry and add what it makes.
    public var wantsMore: Bool {
        mayHandOverHistory && room > 0 && deliveries.hasRoomForMore && next == nil
    }

    /// The batch to hand over now, the oldest first: what must be sent again before what is new.
    public var next: Handover? {
        guard mayHandOverHistory else { return nil }
        let due = suspects.due
        guard due != nil || room > 0 else { return nil }
        let batch = deliveries.next { batch in
            let key = Suspects.Key.batch(batch.number)
            return due.map { $0 == key } ?? !suspects.isPostponed(key)
        }
        guard let batch else { return nil }
        let messages = deliveries.unsent(of: batch)
        let isAlone = (due != nil || suspects.isCareful) && batch.identity == nil
        return Handover(
            number: batch.number, messages: isAlone ? Array(messages.prefix(1)) : messages)
    }

    var mayHandOverHistory: Bool {
        state == .active && holdsUntil == nil && restsUntil == nil
    }

    /// An entry was taken from the journal and written as `batches`. Entries rise; one that is left out no
    /// longer exists.
    ///
    /// The cursor does not move over an entry before a batch covers it, which may be a later one. A batch
    /// without messages is delivered at once, in its turn.
    /// - Returns: As `handle`.
    public mutating func read(
        _ offset: JournalOffset, making batches: [Batch<Message>]
    ) -> [Action] {
        deliveries.read(offset)
        for batch in batches { deliveries.add(batch, limit: limit) }
        return carryOut(deliveries.advance())
    }

    /// `next` was handed over.
    ///
    /// - Parameter receipts: For each message, in order: the number of the broker's receipt to come, or nil
    ///   where none comes. Fewer when the rest was not taken; it is then still to be handed over.
    /// - Returns: As `handle`.
    public mutating func handedOver(
        _ number: Int, receipts: [UInt64?], at now: MonotonicInstant
    ) -> [Action] {
        let bytes = deliveries[number]?.bytes ?? 0
        for receipt in receipts.compactMap(\.self) {
            suspects.sent(.batch(number), receipt, bytes: bytes)
        }
        return carryOut(deliveries.handedOver(number, receipts: receipts, at: now))
    }

    /// A message that is no history was handed over and takes room until its receipt comes.
    public mutating func handedOver(other receipt: UInt64, on topic: String = "", bytes: Int = 0) {
        suspects.sent(.topic(topic), receipt, bytes: bytes)
        deliveries.handedOver(other: receipt)
    }

    /// `next` can never be sent.
    ///
    /// - Returns: As `handle`.
    public mutating func impossible(_ number: Int, because reason: String) -> [Action] {
        suspects.forget(.batch(number))
        return carryOut(deliveries.impossible(number, because: reason))
    }

    // MARK: - A broker that refuses history

    /// The broker takes no history now, such as for want of permission or quota: it waits, for none of it is
    /// at fault, ever longer from one refusal to the next.
    mutating func hold(because reason: String, at now: MonotonicInstant) -> [Action] {
        // All that was on its way is refused with the first.
        guard holdsUntil == nil else { return [] }
        holdsUntil = now.advanced(by: holding.failed())
        guard !isHoldReported else { return [] }
        isHoldReported = true
        return [.record(.connectFailed, "\(reason); backlog held")]
    }

    /// The broker takes history again; what it takes while the rest waits says nothing of the rest.
    mutating func endHolding() {
        guard holdsUntil == nil else { return }
        holding.succeeded()
        isHoldReported = false
    }

    mutating func tryHistoryAgain(at now: MonotonicInstant) -> [Action] {
        let moments = [holdsUntil, restsUntil]
        if let moment = holdsUntil, moment <= now { holdsUntil = nil }
        if let moment = restsUntil, moment <= now { restsUntil = nil }
        return moments == [holdsUntil, restsUntil] ? [] : [.handOver]
    }
}

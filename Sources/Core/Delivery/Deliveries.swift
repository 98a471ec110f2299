import Vocabulary

/// How far one batch has come on its way.
///
/// It is without the messages and knows nothing of their kind, so that the many looks at every batch cost little.
struct BatchProgress: Sendable {
    let number: Int
    let covers: ClosedRange<JournalOffset>
    /// What the peer acknowledges; nil when the broker's receipts of all messages are enough.
    let identity: String?
    /// How many messages it has.
    let count: Int
    /// How large its largest message is.
    let bytes: Int
    /// Whether it may become smaller when its entries are written again.
    let isCuttable: Bool
    /// Messages whose receipt is missing, by their index.
    var missing: Set<Int>
    /// Its turn in the order of all that was handed over; nil while it waits to be.
    var turn: Int?
    /// On its way: when it becomes overdue; nil once it is. Waiting: not to be handed over before.
    var due: MonotonicInstant?
    var attempts = 0
    /// It was passed over once already while the peer acknowledged no other batch. It takes no room, so that
    /// others come to their turn and show whose fault it is.
    var isDoubted = false
    /// Receipts of it that the broker still owes.
    var owed = 0

    /// What has to be handed over, by index.
    var unsent: [Int] { identity == nil ? missing.sorted() : Array(0..<count) }
}

/// What became of batches.
enum DeliveryOutcome: Hashable, Sendable {
    case advanced(through: JournalOffset)
    case deadLettered(ClosedRange<JournalOffset>, because: String)
    /// A batch waits to be handed over again.
    case waiting
}

/// Which batches are on their way to one upstream, and how far everything is acknowledged.
///
/// A pure machine inside a `Link`. It keeps each batch until it is acknowledged or dead-lettered, so that it
/// can be sent again unchanged. The cursor moves only over entries that are all settled.
struct Deliveries<Message: Sendable>: Sendable {
    private let rules: LinkRules
    private let hasPeer: Bool
    private let size: @Sendable (Message) -> Int
    /// In the order in which they were written.
    private(set) var batches: [BatchProgress] = []
    /// The messages of each batch, by its number.
    private var messages: [Int: [Message]] = [:]
    private var numbers: [String: Int] = [:]
    /// What the broker owes a receipt for: a message of a batch, or nil for all that is no history.
    private var receipts: [UInt64: (batch: Int, message: Int)?] = [:]
    private var lastNumber = 0
    private var lastTurn = 0
    /// Everything up to here was acknowledged.
    private(set) var cursor: JournalOffset
    /// The last entry that was taken from the journal.
    private(set) var lastRead: JournalOffset
    /// Entries that were read and that no batch covers yet, in order.
    private var uncovered: [ClosedRange<JournalOffset>] = []
    /// The last turn at which something was acknowledged: a batch, or a ping.
    private var passed = (byBatch: 0, byPing: 0)

    init(
        rules: LinkRules, hasPeer: Bool, after cursor: JournalOffset,
        size: @escaping @Sendable (Message) -> Int
    ) {
        (self.rules, self.hasPeer, self.cursor, lastRead) = (rules, hasPeer, cursor, cursor)
        self.size = size
    }

    /// How many more messages may be handed over.
    var room: Int {
        let acknowledgements = batches.count {
            $0.turn != nil && $0.identity != nil && $0.owed == 0 && !$0.isDoubted
        }
        return max(0, rules.window - receipts.count - acknowledgements)
    }

    /// Messages and batches that something is still owed for.
    var inFlight: Int { receipts.count + batches.count }

    /// Whether another entry may be read.
    var hasRoomForMore: Bool {
        room > 0 && batches.count < 2 * rules.window
            && batches.count { !$0.isDoubted } < rules.window
    }

    /// The batch to hand over next among those that may go, the oldest first.
    func next(where mayGo: (BatchProgress) -> Bool) -> BatchProgress? {
        guard room > 0 else { return nil }
        return batches.first { $0.turn == nil && $0.due == nil && mayGo($0) }
    }

    /// What has to be handed over of a batch, in order.
    func unsent(of batch: BatchProgress) -> [Message] {
        guard let messages = messages[batch.number] else { return [] }
        return batch.unsent.map { messages[$0] }
    }

    /// When something becomes overdue or may be tried again.
    var deadline: MonotonicInstant? { batches.lazy.compactMap(\.due).min() }

    // MARK: - Handing over

    mutating func read(_ offset: JournalOffset) {
        precondition(offset > lastRead, "entries are read in their order")
        lastRead = offset
        if let last = uncovered.last, last.upperBound + 1 == offset {
            uncovered[uncovered.count - 1] = last.lowerBound...offset
        } else {
            uncovered.append(offset...offset)
        }
    }

    /// - Parameter limit: What the writer was to keep to, as far as it could.
    mutating func add(_ batch: Batch<Message>, limit: Int = .max) {
        precondition(batch.covers.upperBound <= lastRead, "a batch covers what was read")
        uncovered = uncovered.flatMap { $0.without(batch.covers) }
        guard !batch.messages.isEmpty else { return }
        lastNumber += 1
        if let identity = batch.identity { numbers[identity] = lastNumber }
        let bytes = batch.messages.map(size).max() ?? 0
        batches.append(
            BatchProgress(
                number: lastNumber, covers: batch.covers, identity: batch.identity,
                count: batch.messages.count, bytes: bytes,
                isCuttable: batch.covers.count > 1 && bytes <= limit,
                missing: Set(batch.messages.indices)))
        messages[lastNumber] = batch.messages
    }

    /// - Parameter receipts: For each message that was accepted, in order: what the broker will
    ///   acknowledge, or nil when it acknowledges nothing.
    mutating func handedOver(
        _ number: Int, receipts given: [UInt64?], at now: MonotonicInstant
    ) -> [DeliveryOutcome] {
        guard let index = index(of: number) else { return [] }
        let unsent = batches[index].unsent
        for (message, receipt) in zip(unsent, given) {
            if let receipt {
                receipts[receipt] = (number, message)
                batches[index].owed += 1
            } else {
                batches[index].missing.remove(message)
            }
        }
        guard given.count >= unsent.count else { return [] }
        batches[index].turn = nextTurn()
        batches[index].due = now.advanced(by: rules.ackTimeout)
        return settleIfReceived(index)
    }

    mutating func handedOver(other receipt: UInt64) { receipts[receipt] = .some(nil) }

    mutating func nextTurn() -> Int {
        lastTurn += 1
        return lastTurn
    }

    // MARK: - What comes back

    mutating func acknowledged(_ identity: String) -> [DeliveryOutcome] {
        guard let number = numbers[identity], let index = index(of: number) else { return [] }
        return settle(index)
    }

    /// The batch of that number, while it is not settled.
    subscript(number: Int) -> BatchProgress? { index(of: number).map { batches[$0] } }

    /// Takes back all from the first batch on that is too large and can be cut: the entries are to be read
    /// again and written in smaller pieces. Only while nothing is in flight.
    ///
    /// - Returns: The first of the entries; nil when there is no such batch.
    mutating func rewind(toFit limit: Int) -> JournalOffset? {
        guard
            let first = batches.firstIndex(where: { $0.bytes > limit && $0.isCuttable })
        else { return nil }
        let start = batches[first].covers.lowerBound
        for index in batches.indices.reversed()
        where batches[index].covers.upperBound >= start {
            _ = remove(index)
        }
        uncovered = uncovered.flatMap { $0.without(start...JournalOffset.max) }
        lastRead = start - 1
        return start
    }

    /// Whether the broker owes this receipt for history.
    func isOfHistory(_ receipt: UInt64) -> Bool { receipts[receipt].flatMap(\.self) != nil }

    mutating func received(_ receipt: UInt64) -> [DeliveryOutcome] {
        guard let index = take(receipt) else { return [] }
        return settleIfReceived(index)
    }

    /// - Parameter isTemporary: It is not the message that is at fault: its batch waits to be handed over
    ///   again, and no attempt was used up.
    mutating func refused(
        _ receipt: UInt64, because reason: String, isTemporary: Bool
    ) -> [DeliveryOutcome] {
        let message = receipts[receipt].flatMap(\.self)?.message
        guard let index = take(receipt), let message else { return [] }
        batches[index].missing.insert(message)
        guard isTemporary else { return deadLetter(index, because: reason) }
        (batches[index].turn, batches[index].due) = (nil, nil)
        return [.waiting]
    }

    /// The batch can never be sent.
    mutating func impossible(_ number: Int, because reason: String) -> [DeliveryOutcome] {
        guard let index = index(of: number) else { return [] }
        return deadLetter(index, because: reason)
    }

    /// The peer answered, or spoke after, a ping that was sent at `turn`: it lives.
    mutating func answered(_ turn: Int) { passed.byPing = max(passed.byPing, turn) }

    /// Looks for what is overdue, which is handed over again.
    ///
    /// It uses up an attempt only when the peer has acknowledged a batch that was handed over later. A peer
    /// that lives and acknowledges none may be ill, or its acknowledgements may be lost on the way: none of
    /// the batches is at fault, however long that lasts.
    ///
    /// - Returns: Also whether only a ping shows what overdue batches mean.
    mutating func review(
        at now: MonotonicInstant, lastPing: Int
    ) -> (outcomes: [DeliveryOutcome], wantsPing: Bool) {
        var failing: [Int] = []
        var outcomes: [DeliveryOutcome] = []
        var wantsPing = false
        var isOldest = true
        for index in batches.indices {
            let isDue = batches[index].due.map { $0 <= now } ?? true
            if isDue { batches[index].due = nil }
            guard let turn = batches[index].turn else { continue }
            defer { isOldest = false }
            guard isDue else { continue }
            if turn < passed.byBatch {
                failing.append(batches[index].number)
            } else if turn < passed.byPing {
                batches[index].isDoubted = true
                // One is enough to see whether it acknowledges again.
                guard isOldest else { continue }
                (batches[index].turn, batches[index].due) = (nil, nil)
                outcomes.append(.waiting)
            } else if turn > lastPing {
                wantsPing = batches[index].identity != nil || wantsPing
            }
        }
        for number in failing {
            guard let index = index(of: number) else { continue }
            outcomes += failed(index)
        }
        return (outcomes, wantsPing)
    }

    /// The peer says nothing: what it has not acknowledged is handed over again after its next heartbeat.
    mutating func fallSilent() {
        for index in batches.indices where batches[index].identity != nil {
            (batches[index].turn, batches[index].due) = (nil, nil)
            batches[index].isDoubted = false
        }
    }

    /// The connection is gone: everything on its way is handed over again on the next one.
    mutating func restart() {
        receipts.removeAll()
        for index in batches.indices {
            (
                batches[index].turn, batches[index].due,
                batches[index].owed
            ) = (nil, nil, 0)
            batches[index].isDoubted = false
        }
    }

    /// Moves the cursor over all that waits for nothing more.
    mutating func advance() -> [DeliveryOutcome] {
        var through = lastRead
        if let gathered = uncovered.first { through = min(through, gathered.lowerBound - 1) }
        for batch in batches {
            through = min(through, batch.covers.lowerBound - 1)
        }
        guard through > cursor else { return [] }
        cursor = through
        return [.advanced(through: through)]
    }

    // MARK: - Batches

    private func index(of number: Int) -> Int? {
        var range = batches.indices
        while let middle = range.isEmpty ? nil : range.lowerBound + range.count / 2 {
            let found = batches[middle].number
            if found == number { return middle }
            range = found < number ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    /// - Returns: The batch that the receipt belongs to, when it is still there.
    private mutating func take(_ receipt: UInt64) -> Int? {
        guard let (number, message) = receipts.removeValue(forKey: receipt).flatMap(\.self),
            let index = index(of: number)
        else { return nil }
        batches[index].owed -= 1
        batches[index].missing.remove(message)
        return index
    }

    private mutating func settleIfReceived(_ index: Int) -> [DeliveryOutcome] {
        guard batches[index].identity == nil, batches[index].missing.isEmpty else {
            return []
        }
        return settle(index)
    }

    private mutating func settle(_ index: Int) -> [DeliveryOutcome] {
        let batch = remove(index)
        if let turn = batch.turn, batch.identity != nil || !hasPeer {
            passed.byBatch = max(passed.byBatch, turn)
        }
        return advance()
    }

    private mutating func failed(_ index: Int) -> [DeliveryOutcome] {
        batches[index].attempts += 1
        guard batches[index].attempts < rules.attempts else {
            return deadLetter(index, because: "never acknowledged in \(rules.attempts) attempts")
        }
        (batches[index].turn, batches[index].due) = (nil, nil)
        batches[index].isDoubted = false
        return [.waiting]
    }

    private mutating func deadLetter(_ index: Int, because reason: String) -> [DeliveryOutcome] {
        let batch = remove(index)
        return [.deadLettered(batch.covers, because: reason)] + advance()
    }

    private mutating func remove(_ index: Int) -> BatchProgress {
        let batch = batches.remove(at: index)
        messages[batch.number] = nil
        if let identity = batch.identity, numbers[identity] == batch.number {
            numbers[identity] = nil
        }
        return batch
    }
}

extension ClosedRange<JournalOffset> {
    /// What is left of this range, in order, when `other` is taken out.
    fileprivate func without(_ other: Self) -> [Self] {
        guard overlaps(other) else { return [self] }
        var left: [Self] = []
        if lowerBound < other.lowerBound { left.append(lowerBound...(other.lowerBound - 1)) }
        if upperBound > other.upperBound { left.append((other.upperBound + 1)...upperBound) }
        return left
    }
}

import Vocabulary

/// Finds the message at which a broker hangs up without a word, so that it does not come again on each
/// connection and keep everything else from getting through.
///
/// A pure machine inside a `Link`. What was in flight at the end of two connections in a row is suspected; on
/// the next one messages go one at a time. One that was alone in flight when that ended as well waits until
/// everything else goes and the connection has stood for a while. Then it is tried, alone: a connection
/// that took others of its kind and ends with it is the proof. A broker that takes nothing proves nothing.
struct Suspects: Sendable {
    /// A message that would be sent again on the next connection.
    enum Key: Hashable, Sendable {
        /// Whatever is the newest on this topic.
        case topic(String)
        /// A batch of history, by its number.
        case batch(Int)

        fileprivate var isHistory: Bool { if case .batch = self { true } else { false } }
    }

    struct Sent: Hashable, Sendable {
        let key: Key
        let bytes: Int
    }

    /// A message that was alone in flight when a connection ended.
    struct Finding: Hashable, Sendable {
        let sent: Sent
        /// Whether it is larger than all that the broker ever took.
        let isLargest: Bool
        /// Whether the connection took anything before.
        let hasTaken: Bool
        /// Whether it was tried, and the connection took others of its kind: it is at fault.
        let isProved: Bool
    }

    private struct Trial: Sendable {
        let key: Key
        var isSent = false
    }

    /// Ends in a row, with the same in flight, after which messages go one at a time. Where one has been found
    /// already, another one is found sooner.
    private static let mostEnds = 2
    /// Messages that wait to be tried; so many at once are not at fault, their broker is.
    private static let mostPostponed = 256

    /// For how long nothing goes where the broker hangs up, before that is tried again: a connection that ended by
    /// chance, or a broker that was mended, looks the same from here.
    static let withheldFor = Duration.seconds(86_400)

    /// How long a connection must have stood before anything is tried on it.
    private let trialAfter: Duration
    /// How long a trial's receipt may take.
    private let trialTime: Duration
    /// What the broker owes a receipt for.
    private var inFlight: [UInt64: Sent] = [:]
    /// When to try what waits for it, or to look what became of that.
    private var lookAt: MonotonicInstant?
    /// What was in flight at each of the last `ends` ends.
    private var suspects: Set<Key> = []
    private var ends = 0
    /// In the order in which they are tried, each with its size.
    private var postponed: [Sent] = []
    private var trial: Trial?
    /// What was taken on this connection.
    private var taken = (any: false, history: false)
    /// The largest message that the broker ever took.
    private(set) var largestTaken = 0
    /// Topics on which the broker hangs up, the size from which on, and until when.
    private var withheld: [String: (bytes: Int, until: MonotonicInstant)] = [:]
    /// What messages should not be longer than, as far as was found out.
    private(set) var limit = Int.max

    init(rules: LinkRules) {
        (trialAfter, trialTime) = (rules.ackTimeout * 2, rules.ackTimeout)
    }

    /// Whether only one message may be in flight.
    var isCareful: Bool {
        !suspects.isEmpty && ends >= (postponed.isEmpty ? Self.mostEnds : 1)
    }

    /// Whether a message may go out now, of those that are not tried.
    var hasRoom: Bool { trial == nil && (!isCareful || inFlight.isEmpty) }

    /// What is to be handed over now and nothing beside it; nil for nothing.
    var due: Key? {
        guard let trial, !trial.isSent, inFlight.isEmpty else { return nil }
        return trial.key
    }

    func isPostponed(_ key: Key) -> Bool { postponed.contains { $0.key == key } }

    /// Whether a message of this size makes the broker hang up.
    func isWithheld(_ topic: String, bytes: Int) -> Bool {
        withheld[topic].map { bytes >= $0.bytes } ?? false
    }

    /// When `pass` has something to do.
    var deadline: MonotonicInstant? {
        let moments = [lookDeadline, withheld.values.lazy.map(\.until).min()]
        return moments.compactMap(\.self).min()
    }

    private var lookDeadline: MonotonicInstant? {
        trial != nil || !postponed.isEmpty || isCareful ? lookAt : nil
    }

    /// Whether nothing but history was in flight, on a connection that took other things and none of it.
    var isHistoryStuck: Bool {
        !inFlight.isEmpty && taken.any && !taken.history
            && inFlight.values.allSatisfy(\.key.isHistory)
    }

    // MARK: - What happens

    mutating func connected(at now: MonotonicInstant) { lookAt = now.advanced(by: trialAfter) }

    /// Batches are gone by themselves, too.
    mutating func keep(_ exists: (Int) -> Bool) {
        for case .batch(let number) in postponed.map(\.key) where !exists(number) {
            forget(.batch(number))
        }
    }

    mutating func sent(_ key: Key, _ receipt: UInt64, bytes: Int) {
        inFlight[receipt] = Sent(key: key, bytes: bytes)
        if trial?.key == key { trial?.isSent = true }
    }

    /// The broker took it, or refused it in words.
    mutating func settled(_ receipt: UInt64, isTaken: Bool = true) {
        guard let sent = inFlight.removeValue(forKey: receipt) else { return }
        // The next one that waits has its turn at once.
        if trial?.key == sent.key { lookAt = MonotonicInstant(nanoseconds: .min) }
        if isTaken {
            taken = (true, taken.history || sent.key.isHistory)
            largestTaken = max(largestTaken, sent.bytes)
            // The limit was guessed too low.
            if sent.bytes > limit { limit = .max }
        }
        forget(sent.key)
    }

    /// There is nothing like it any more.
    mutating func forget(_ key: Key) {
        suspects.remove(key)
        postponed.removeAll { $0.key == key }
        if trial?.key == key { trial = nil }
        if suspects.isEmpty { ends = 0 }
    }

    /// The connection is gone.
    ///
    /// - Returns: What was alone in flight when only one message was to be; `convict` or `postpone` follows.
    mutating func ended() -> Finding? {
        let (sent, wasCareful, taken, trial) = (inFlight.values, isCareful, self.taken, self.trial)
        (inFlight, lookAt, self.trial, self.taken) = ([:], nil, nil, (false, false))
        guard let first = sent.first else { return nil }
        let keys = Set(sent.map(\.key))
        let wasTried = trial?.isSent == true && keys == [first.key] && trial?.key == first.key
        guard wasTried || wasCareful else {
            let common = suspects.intersection(keys)
            (suspects, ends) = common.isEmpty ? (keys, 1) : (common, ends + 1)
            return nil
        }
        guard keys.count == 1 else { return nil }
        return Finding(
            sent: first, isLargest: first.bytes > largestTaken, hasTaken: taken.any,
            isProved: wasTried && (first.key.isHistory ? taken.history : taken.any))
    }

    /// It is to be tried after everything else, those that have waited longer first.
    mutating func postpone(_ sent: Sent) {
        suspects.remove(sent.key)
        postponed.removeAll { $0.key == sent.key }
        if postponed.count >= Self.mostPostponed { postponed = [] }
        postponed.append(sent)
    }

    /// The broker hangs up at it: it does not go out for `withheldFor`, and all else is kept shorter when it was
    /// the largest.
    mutating func convict(_ finding: Finding, at now: MonotonicInstant) {
        let sent = finding.sent
        forget(sent.key)
        if case .topic(let topic) = sent.key {
            // A requester may name topics; so many are no broker's.
            if withheld.count >= Self.mostPostponed { withheld = [:] }
            withheld[topic] = (
                finding.isLargest ? sent.bytes : 0, now.advanced(by: Self.withheldFor)
            )
        }
        // Half is a guess that soon finds a size that goes.
        if finding.isLargest { limit = min(limit, max(largestTaken, sent.bytes / 2)) }
    }

    /// Does what time has made due.
    ///
    /// - Parameter isActive: Whether history can be handed over.
    /// - Returns: Whether something may be handed over now.
    mutating func pass(to now: MonotonicInstant, isActive: Bool) -> Bool {
        forgive(at: now)
        guard let deadline = lookDeadline, deadline <= now else { return false }
        if let trial {
            self.trial = nil
            // The connection stands; what was not handed over has another turn.
            if trial.isSent {
                forget(trial.key)
            } else if let index = postponed.firstIndex(where: { $0.key == trial.key }) {
                postponed.append(postponed.remove(at: index))
            }
        } else if isActive {
            // What is suspected and was not sent again in all that time is not there any more.
            (suspects, ends) = ([], 0)
        }
        let next = postponed.first { isActive || !$0.key.isHistory }
        trial = next.map { Trial(key: $0.key) }
        lookAt = now.advanced(by: trialTime)
        return true
    }

    /// What was withheld long enough is tried again, alone.
    private mutating func forgive(at now: MonotonicInstant) {
        for (topic, (bytes, until)) in withheld where until <= now {
            withheld[topic] = nil
            postpone(Sent(key: .topic(topic), bytes: bytes))
            // So that there is something to try it with.
            if trial == nil { lookAt = now.advanced(by: trialAfter) }
        }
    }
}

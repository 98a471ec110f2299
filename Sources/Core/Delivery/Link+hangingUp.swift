import Vocabulary

// A broker that hangs up at a message without a word.
extension Link {
    /// How long messages should be at most: what the broker announced, or what it was found to take.
    public var limit: Int { min(announced, suspects.limit) }

    /// Whether messages go one at a time, because one of them is suspected.
    public var isCareful: Bool { suspects.isCareful }

    /// What may become of a message that is no history.
    public enum Clearance: Hashable, Sendable {
        case goes
        /// It is suspected: the newest on its topic is to be kept for `trialTopic`.
        case waits
        /// The broker hangs up at it: it is not to be sent.
        case never
    }

    /// Whether a message that is no history may go out now.
    public func clearance(of topic: String, bytes: Int) -> Clearance {
        if suspects.isWithheld(topic, bytes: bytes) { return .never }
        return suspects.isPostponed(.topic(topic)) ? .waits : .goes
    }

    /// The topic whose newest message is to be handed over now, alone; nil for none.
    public var trialTopic: String? {
        if case .topic(let topic) = suspects.due { topic } else { nil }
    }

    /// There is no message any more on a topic that is to be tried.
    public mutating func endTrial(of topic: String) { suspects.forget(.topic(topic)) }

    /// The broker of a new connection takes messages of so many bytes at most. To be called before `.connected`.
    ///
    /// - Returns: As `handle`.
    public mutating func announce(limit: Int?) -> [Action] {
        announced = limit ?? .max
        return rewind(toFit: self.limit)
    }

    /// A connection is gone, and maybe that says which message is at fault.
    mutating func judge(at now: MonotonicInstant) -> [Action] {
        var actions: [Action] = []
        let isStuck = suspects.isHistoryStuck && (suspects.isCareful || resting.failures > 0)
        let finding = suspects.ended()
        if isStuck {
            restsUntil = now.advanced(by: resting.failed())
            if resting.failures == 3 {
                actions.append(
                    .record(
                        .connectFailed,
                        "the broker closes the connection at every history record; backlog held"))
            }
        }
        guard let finding else { return actions }
        let (key, bytes) = (finding.sent.key, finding.sent.bytes)
        let size = "\(bytes) bytes" + (finding.isLargest ? ", larger than every accepted one" : "")
        switch key {
        case .batch(let number)
        where deliveries[number]?.isCuttable == true && finding.isLargest && finding.hasTaken:
            // In smaller pieces it may go, and nothing is lost by that.
            suspects.convict(finding, at: now)
        case _ where !finding.isProved:
            suspects.postpone(finding.sent)
            return actions
        case .batch(let number):
            suspects.convict(finding, at: now)
            let why = "the broker closes the connection at this message (\(size))"
            actions += carryOut(deliveries.impossible(number, because: why))
        case .topic(let topic):
            suspects.convict(finding, at: now)
            actions.append(
                .record(
                    .deadLettered,
                    "the broker closes the connection at \(topic) (\(size)); withholding messages "
                        + (finding.isLargest ? "of that size " : "")
                        + "for \(Suspects.withheldFor.layoutText)"))
        }
        return actions + rewind(toFit: limit)
    }

    private mutating func rewind(toFit limit: Int) -> [Action] {
        deliveries.rewind(toFit: limit).map { [.rewind(to: $0)] } ?? []
    }
}

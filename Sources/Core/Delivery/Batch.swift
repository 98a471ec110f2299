import Vocabulary

/// Entries of the journal in an upstream's words, on their whole way: a history writer makes it, the pump brings
/// it to the upstream's link, and `Deliveries` keeps it. Delivered or dead-lettered as a whole.
public struct Batch<Message: Sendable>: Sendable {
    /// The entries that it stands for.
    public let covers: ClosedRange<JournalOffset>
    /// What the peer will acknowledge; nil when the broker's receipt of all messages is enough.
    public let identity: String?
    /// Nothing when the upstream has no words for the entries; they then count as delivered.
    public let messages: [Message]

    public init(
        covers: ClosedRange<JournalOffset>, identity: String? = nil, messages: [Message]
    ) {
        (self.covers, self.identity, self.messages) = (covers, identity, messages)
    }
}

extension Batch: Hashable, Equatable where Message: Hashable {}

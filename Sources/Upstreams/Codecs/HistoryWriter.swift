import Mqtt
import Vocabulary

/// Turns the journal's entries, one after the other, into what goes upstream.
///
/// It may gather several entries into one batch. What it makes depends on the entries and the limit alone, so
/// that the same entries make the same batches, with the same identities, after any restart.
public protocol HistoryWriter: Sendable {
    /// - Parameter entry: The one after the last that was written.
    /// - Parameter limit: How many bytes a message should take on the wire at most. What is gathered is
    ///   complete before it grows beyond that.
    /// - Returns: What is complete now; nothing while entries are being gathered.
    mutating func write(_ entry: Entry, within limit: Int) -> [OutboundBatch]

    /// Another writer goes on from here.
    ///
    /// - Returns: What was gathered so far.
    mutating func finish() -> [OutboundBatch]
}

extension HistoryWriter {
    /// Nothing, as for one that gathers nothing.
    public mutating func finish() -> [OutboundBatch] { [] }
}

/// Entries of the journal in an upstream's words. Delivered or dead-lettered as a whole.
public struct OutboundBatch: Hashable, Sendable {
    /// The entries that it stands for.
    public let covers: ClosedRange<Sequence64>
    /// What the peer will acknowledge; nil when the broker's receipt of all messages is enough.
    public let identity: String?
    /// Nothing when the upstream has no words for the entries; they then count as delivered.
    public let messages: [MqttMessage]

    public init(
        covers: ClosedRange<Sequence64>, identity: String? = nil, messages: [MqttMessage]
    ) {
        (self.covers, self.identity, self.messages) = (covers, identity, messages)
    }
}

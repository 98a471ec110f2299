import Delivery
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
    mutating func write(_ entry: Entry, within limit: Int) -> [HistoryBatch]

    /// Another writer goes on from here.
    ///
    /// - Returns: What was gathered so far.
    mutating func finish() -> [HistoryBatch]
}

extension HistoryWriter {
    /// Nothing, as for one that gathers nothing.
    public mutating func finish() -> [HistoryBatch] { [] }
}

/// What a writer makes of entries: a batch for a broker.
public typealias HistoryBatch = Batch<MqttMessage>

import Codecs
import Vocabulary

extension HistoryWriter {
    /// Writes for a broker that takes messages of any size.
    public mutating func write(_ entry: Entry) -> [HistoryBatch] { write(entry, within: .max) }
}

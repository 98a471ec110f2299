import Nodes
import Vocabulary

// How the proactor shows that it lives.
extension Proactor {
    /// Comes back when the proactor has come round to it.
    public func turn() {}

    /// Comes back when the journal has answered.
    public nonisolated func askJournal() async { _ = await journal.status() }

    /// The signs of life that each node gives by itself.
    public nonisolated var pulses: [ShNodeName: NodePulse] { nodes.mapValues(\.pulse) }
}

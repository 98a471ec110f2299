import DequeModule
import Vocabulary

/// Remembers commands by their identity, so that each is carried out once.
///
/// A pure machine. It keeps the last 256 outcomes of each node; a command whose identity it knows is
/// answered with the first outcome and not carried out again. Of overrides, which may come at
/// a rhythm to keep control, it keeps the last 16 by themselves, so that they push nothing out.
struct CommandDeduplicator: Sendable {
    static let memory = (orders: 256, overrides: 16)

    private struct Shelf: Hashable {
        let node: ShNodeName
        let isOverride: Bool
    }

    /// The outcome is nil while the command is in work.
    private var entries: [CommandID: (command: Command, outcome: CommandOutcome?)] = [:]
    private var order: [Shelf: Deque<CommandID>] = [:]

    /// - Returns: What to answer in place of carrying it out; nil to carry it out and call `settled` or `forget`.
    mutating func take(_ command: Command) -> CommandOutcome? {
        guard let entry = entries[command.id] else {
            entries[command.id] = (command, nil)
            return nil
        }
        guard entry.command.node == command.node, entry.command.order == command.order else {
            return .refused(
                "identity \(command.id) is in use by another command; each command needs its own")
        }
        return entry.outcome ?? .refused("node \(command.node): the same command is in work")
    }

    /// This became of the command, for a requester that asks again.
    mutating func settled(_ command: Command, _ outcome: CommandOutcome) {
        entries[command.id] = (command, outcome)
        let shelf = Shelf(node: command.node, isOverride: command.order.isOverride)
        let memory = shelf.isOverride ? Self.memory.overrides : Self.memory.orders
        order[shelf, default: []].append(command.id)
        if order[shelf, default: []].count > memory, let oldest = order[shelf]?.popFirst() {
            entries[oldest] = nil
        }
    }

    /// Nothing is remembered of a node that is gone.
    mutating func forget(node: ShNodeName) {
        for isOverride in [false, true] {
            for id in order.removeValue(forKey: Shelf(node: node, isOverride: isOverride)) ?? [] {
                entries[id] = nil
            }
        }
    }

    /// The command was not begun, and may come again.
    mutating func forget(_ command: Command) { entries[command.id] = nil }
}

extension Command.Order {
    fileprivate var isOverride: Bool { if case .override = self { true } else { false } }
}

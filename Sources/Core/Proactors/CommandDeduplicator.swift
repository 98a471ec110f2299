import DequeModule
import Vocabulary

/// Remembers commands, so that each is carried out once.
///
/// A pure machine. It keeps the last 256 answers of each node; a command whose identity it knows is
/// answered with the first result and not carried out again. Of those that take over, which may come at
/// a rhythm to keep a hold, it keeps the last 16 by themselves, so that they push nothing out.
struct CommandDeduplicator: Sendable {
    static let memory = (orders: 256, holds: 16)

    private struct Shelf: Hashable {
        let node: ShNodeName
        let isHold: Bool
    }

    enum Decision: Hashable, Sendable {
        /// Carry it out, then call `answered` or `forget`.
        case carryOut
        /// Answer this and do nothing.
        case answer(CommandAnswer)
    }

    private var underWay: [CommandID: ShNodeName] = [:]
    private var answers: [CommandID: (command: Command, answer: CommandAnswer)] = [:]
    private var order: [Shelf: Deque<CommandID>] = [:]

    /// - Parameter now: Wall time, because a command's expiry comes from somebody else's clock.
    mutating func take(_ command: Command, now: WallTime) -> Decision {
        if let known = answers[command.id] {
            guard known.command.node == command.node, known.command.order == command.order else {
                return .answer(
                    .refused(
                        "identity \(command.id) is in use by another command; each command needs its own"
                    ))
            }
            return .answer(known.answer)
        }
        if let problem = command.expires.flatMap({ Command.problem(ofExpiry: $0, at: now) }) {
            return .answer(.refused("node \(command.node): \(problem)"))
        }
        if let node = underWay[command.id] {
            guard node == command.node else {
                return .answer(
                    .refused(
                        "identity \(command.id) is in use by another command; each command needs its own"
                    ))
            }
            return .answer(.refused("node \(command.node): the same command is in work"))
        }
        underWay[command.id] = command.node
        return .carryOut
    }

    /// This became of the command, for whoever asks again.
    mutating func answered(_ command: Command, _ answer: CommandAnswer) {
        underWay[command.id] = nil
        answers[command.id] = (command, answer)
        let shelf = Shelf(node: command.node, isHold: command.order.isHold)
        let memory = shelf.isHold ? Self.memory.holds : Self.memory.orders
        order[shelf, default: []].append(command.id)
        if order[shelf, default: []].count > memory, let oldest = order[shelf]?.popFirst() {
            answers[oldest] = nil
        }
    }

    /// Nothing is remembered of a node that is gone.
    mutating func forget(node: ShNodeName) {
        for isHold in [false, true] {
            for id in order.removeValue(forKey: Shelf(node: node, isHold: isHold)) ?? [] {
                answers[id] = nil
            }
        }
    }

    /// The command was not begun; whoever asks again asks again.
    mutating func forget(_ command: Command) { underWay[command.id] = nil }
}

extension Command.Order {
    fileprivate var isHold: Bool { if case .override = self { true } else { false } }
}

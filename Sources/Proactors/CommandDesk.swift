import DequeModule
import Vocabulary

/// Remembers commands, so that each is carried out once and nobody floods a node.
///
/// A pure machine. It keeps the last 256 answers; a command whose identity it knows is answered with
/// the first result and not carried out again.
struct CommandDesk: Sendable {
    /// Commands that one node may have under way; the next one is refused as busy.
    static let slotsPerNode = 4
    static let memory = 256

    enum Decision: Hashable, Sendable {
        /// Carry it out, then call `answered` and `left`.
        case carryOut
        /// Answer this and do nothing.
        case answer(CommandAnswer)
    }

    private var underWay: [ShNodeName: Set<CommandID>] = [:]
    private var answers: [CommandID: (command: Command, answer: CommandAnswer)] = [:]
    private var order: Deque<CommandID> = []

    /// - Parameter now: Wall time, because a command's expiry comes from somebody else's clock.
    mutating func take(_ command: Command, now: WallTime) -> Decision {
        if let known = answers[command.id] {
            guard known.command.node == command.node, known.command.order == command.order else {
                return .answer(
                    .refused("identity \(command.id) was another command's; each needs its own"))
            }
            return .answer(known.answer)
        }
        if let expires = command.expires, expires < now {
            return .answer(
                .refused("node \(command.node): the command expired at \(expires.iso8601)"))
        }
        if let (node, _) = underWay.first(where: { $0.value.contains(command.id) }),
            node != command.node
        {
            return .answer(
                .refused("identity \(command.id) was another command's; each needs its own"))
        }
        let others = underWay[command.node, default: []]
        if others.contains(command.id) {
            return .answer(.refused("node \(command.node): the same command is under way"))
        }
        guard others.count < Self.slotsPerNode else {
            return .answer(
                .refused("node \(command.node): busy with \(others.count) commands, try again"))
        }
        underWay[command.node, default: []].insert(command.id)
        return .carryOut
    }

    /// The asker was answered. The command's place stays taken until `left`.
    mutating func answered(_ command: Command, _ answer: CommandAnswer) {
        answers[command.id] = (command, answer)
        order.append(command.id)
        if order.count > Self.memory, let oldest = order.popFirst() { answers[oldest] = nil }
    }

    /// The node has let go of the command, which for hardware that hangs may be long after the answer.
    mutating func left(_ command: Command) { underWay[command.node]?.remove(command.id) }
}

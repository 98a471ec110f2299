import DequeModule
import Vocabulary

/// Remembers commands, so that each is carried out once and nobody floods a node.
///
/// A pure machine. It keeps the last 256 answers; a command whose identity it knows is answered with
/// the first result and not carried out again. Another order under a known identity is refused.
struct CommandDesk: Sendable {
    /// Commands that one node may have under way; the next one is refused as busy.
    static let slotsPerNode = 4
    static let memory = 256

    enum Decision: Hashable, Sendable {
        /// Carry it out, then call `finished`.
        case carryOut
        /// Answer this and do nothing.
        case answer(CommandAnswer)
    }

    /// What was asked under an identity, however often and by whomever it comes again.
    private struct Order: Hashable {
        let node: ShNodeName
        let value: Int64

        init(_ command: Command) { (node, value) = (command.node, command.value) }
    }

    private var underWay: [CommandID: Order] = [:]
    private var answers: [CommandID: (order: Order, answer: CommandAnswer)] = [:]
    private var order: Deque<CommandID> = []

    /// - Parameter now: Wall time, because a command's expiry comes from somebody else's clock.
    mutating func take(_ command: Command, now: WallTime) -> Decision {
        let known = underWay[command.id] ?? answers[command.id]?.order
        guard known == nil || known == Order(command) else {
            // The first order's answer would claim something of this one that nobody did.
            return .answer(
                .refused("node \(command.node): another command had the identity \(command.id)"))
        }
        if let answer = answers[command.id]?.answer { return .answer(answer) }
        if let expires = command.expires, expires < now {
            return .answer(
                .refused("node \(command.node): the command expired at \(expires.iso8601)"))
        }
        if underWay[command.id] != nil {
            return .answer(.refused("node \(command.node): the same command is under way"))
        }
        let others = underWay.values.filter { $0.node == command.node }
        guard others.count < Self.slotsPerNode else {
            return .answer(
                .refused("node \(command.node): busy with \(others.count) commands, try again"))
        }
        underWay[command.id] = Order(command)
        return .carryOut
    }

    mutating func finished(_ command: Command, _ answer: CommandAnswer) {
        underWay[command.id] = nil
        answers[command.id] = (Order(command), answer)
        order.append(command.id)
        if order.count > Self.memory, let oldest = order.popFirst() { answers[oldest] = nil }
    }
}

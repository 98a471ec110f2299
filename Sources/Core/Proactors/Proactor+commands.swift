import Channels
import Logging
import Nodes
import Vocabulary

/// A command on its way to its actuator.
struct PendingCommand: Sendable {
    let command: Command
    let deadline: CommandDeadline
}

// One way for every command, wherever it comes from.
extension Proactor {
    /// Carries out one command and answers what became of it.
    ///
    /// All that a door, a codec or a rule does to command: it makes a `Command`, from a `CommandRequest` where it
    /// received text, calls this, and words the outcome. Identity, expiry and deadline are looked at here and
    /// nowhere else. A command whose identity is known is not carried out again; it is answered as the first time.
    ///
    /// May be called from any task, any number of times at once; `commandsPerNode` commands to one node may
    /// be in work, and the next is refused as busy.
    ///
    /// - Returns: Within `CommandDeadline.answerTime`, and what the actuator's feedback may take beside.
    public func carryOut(_ command: Command) async -> CommandOutcome {
        guard let node = nodes[command.node] else {
            return .refused("there is no node \(command.node)")
        }
        guard let requestQueue = requestQueues[command.node] else {
            return .refused("node \(command.node): not an actuator")
        }
        if let known = deduplicator.take(command) {
            log(command, known, "not carried out: ")
            return known
        }
        let deadline: CommandDeadline
        do throws(CommandRefusal) {
            deadline = try CommandDeadline(
                of: command, at: clock.timestamp, feedback: node.rules.feedback?.within ?? .zero)
        } catch {
            deduplicator.forget(command)
            log(command, .refused(error.why), "not carried out: ")
            return .refused(error.why)
        }
        let outcome: CommandOutcome
        do {
            outcome = try await requestQueue.ask(
                PendingCommand(command: command, deadline: deadline), as: command.id,
                within: clock.now.duration(to: deadline.answerBy))
            deduplicator.settled(command, outcome)
        } catch {
            outcome = CommandOutcome(error)
            // Without a place in the queue it was not begun, and may come again.
            if error.kind == .busy {
                deduplicator.forget(command)
            } else {
                deduplicator.settled(command, outcome)
            }
        }
        log(command, outcome)
        return outcome
    }

    /// `pump: on, confirmed (upstream site)`.
    private func log(_ command: Command, _ outcome: CommandOutcome, _ what: String = "") {
        let isRelay = nodes[command.node]?.component.safeState != nil
        let order = isRelay ? command.order.switchText : "\(command.order)"
        logger.notice(
            LogKey(outcome),
            "\(command.node): \(order), \(what)\(outcome.words) (\(command.source))",
            metadata: ["node": "\(command.node)", "command": "\(command.id)"])
    }

    /// Brings a node what it is asked for, for as long as the gateway runs.
    nonisolated func serve(
        _ node: ShNode, _ requestQueue: RequestQueue<PendingCommand, CommandOutcome>
    ) async {
        await requestQueue.answerEach { question in
            await node.apply(question.request.command, by: question.request.deadline)
        }
    }
}

extension CommandOutcome {
    /// That of a command to which the node gave no answer of its own.
    fileprivate init(_ error: ChannelError) {
        switch error.kind {
        case .busy, .stopped: self = .refused(error.detail)
        case .failed: self = .failed(error.detail)
        case .timedOut, .cancelled: self = .timedOut(error.detail)
        }
    }
}

extension Command.Order {
    /// The order to a relay, for logs.
    fileprivate var switchText: String {
        func state(_ value: Int64) -> String { value == 0 ? "off" : "on" }
        return switch self {
        case .set(let value): state(value)
        case .override(let value, let time):
            "override for \(time.layoutText)" + (value.map { ", \(state($0))" } ?? "")
        case .release: "release"
        }
    }
}

import Channels
import Logging
import Nodes
import Vocabulary

// One way for every command, wherever it comes from.
extension Proactor {
    /// Carries out one command. Returns within `commandTime`, with exactly one answer.
    ///
    /// - Parameter latestStart: Later it is refused; nil when only its expiry says so.
    public func carryOut(
        _ command: Command, by latestStart: MonotonicInstant? = nil
    ) async -> CommandAnswer {
        guard let node = nodes[command.node] else {
            return .refused("there is no node \(command.node)")
        }
        if let why = expiryInDoubt(command) { return .refused(why) }
        guard let requestQueue = requestQueues[command.node] else {
            return .refused("node \(command.node): not an actuator")
        }
        switch deduplicator.take(command, now: clock.wallTime) {
        case .answer(let answer):
            log(command, answer, "not carried out: ")
            return answer
        case .carryOut: break
        }
        // A contact or a current takes its own time to show what was switched.
        let time = Self.commandTime + (node.rules.feedback?.within ?? .zero)
        let deadline = deadline(of: command)
        let pending = PendingCommand(
            command: command, latestStart: min(deadline, latestStart ?? deadline),
            expires: latestStart ?? expiry(of: command))
        let answer: CommandAnswer
        do {
            answer = try await requestQueue.ask(pending, as: command.id, within: time)
        } catch {
            guard error.kind != .busy else {
                deduplicator.forget(command)
                let answer = CommandAnswer.refused(error.detail)
                log(command, answer)
                return answer
            }
            answer = error.commandAnswer
        }
        deduplicator.answered(command, answer)
        log(command, answer)
        return answer
    }

    /// `pump: on, confirmed (upstream site)`.
    private func log(_ command: Command, _ answer: CommandAnswer, _ what: String = "") {
        let isRelay = nodes[command.node]?.component.safeState != nil
        let order = isRelay ? command.order.switchText : "\(command.order)"
        logger.notice(
            LogKey(answer),
            "\(command.node): \(order), \(what)\(answer.words) (\(command.source))",
            metadata: ["node": "\(command.node)", "command": "\(command.id)"])
    }

    /// Brings a node what it is asked for, for as long as the gateway runs.
    nonisolated func serve(
        _ node: ShNode, _ requestQueue: RequestQueue<PendingCommand, CommandAnswer>
    ) async {
        await requestQueue.answerEach { question in
            let pending = question.request
            return await node.apply(
                pending.command, before: pending.latestStart, expires: pending.expires)
        }
    }
}

extension ChannelError {
    /// What a requester hears when its command got no answer of its own.
    fileprivate var commandAnswer: CommandAnswer {
        switch kind {
        case .busy, .duplicate, .stopped: .refused(detail)
        case .failed: .failed(detail)
        case .timedOut, .cancelled: .timedOut(detail)
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

extension CommandAnswer {
    /// The answer in words, for logs.
    public var words: String {
        switch self {
        case .confirmed(let reading, _): "confirmed \(reading.value)"
        case .refused(let why): "refused, \(why)"
        case .failed(let why): "failed, \(why)"
        case .timedOut(let why): "timed out, \(why)"
        }
    }
}

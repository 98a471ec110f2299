import DequeModule
import Journals
import Mqtt
import Vocabulary

// Hands over what an upstream is to hear. Runs on the upstream's own task, so that neither facts nor news,
// nor any other upstream, wait for it or for the journal.
extension Proactor {
    /// Entries that are asked for at once.
    private static let readAhead = 256

    /// Hands over as much as the window allows: greetings and answers, then live values, then history.
    func pump(_ name: UpstreamName) async {
        await payDebts(name)
        do {
            repeat {
                try pumpTrial(name)
                if lines[name]?.takeTurn() == true { try pumpHistory(name) }
                try pumpLive(name)
                try pumpHistory(name)
            } while await readOn(name)
        } catch {
            // The session says by itself when there is room or a connection again; nothing is lost.
            tell(name, .debug, "hand-over interrupted: \(error.detail)")
        }
        await payDebts(name)
        if isQuiet { resumeQuietWaiters() }
    }

    private func canSend(_ name: UpstreamName) -> Bool { lines[name]?.link.canSend == true }

    /// Hands over, alone, a message at which the broker may hang up.
    private func pumpTrial(_ name: UpstreamName) throws(UpstreamError) {
        while let topic = lines[name]?.link.trialTopic {
            if let message = lines[name]?.later[topic] {
                try send(message, name)
                lines[name]?.later[topic] = nil
            }
            // There is none, or it could not be sent at all.
            if lines[name]?.link.trialTopic == topic { lines[name]?.link.endTrial(of: topic) }
        }
    }

    private func pumpLive(_ name: UpstreamName) throws(UpstreamError) {
        guard let plan = lines[name]?.plan else { return }
        try say([], name)
        while canSend(name), let message = lines[name]?.answers.first {
            try publish(message, name)
            _ = lines[name]?.answers.popFirst()
        }
        guard lines[name]?.link.state == .active else { return }
        if canSend(name), lines[name]?.mustPublishStatus == true {
            lines[name]?.mustPublishStatus = false
            try say(statusWords(.connected, for: name), name)
        }
        if canSend(name), lines[name]?.mustPublishFaults == true {
            lines[name]?.mustPublishFaults = false
            let limit = lines[name]?.link.limit ?? .max
            try say(
                plan.codec.activeFaults(activeFaults, at: clock.wallTime, within: limit), name)
        }
        while canSend(name), let node = lines[name]?.unsentControl.popFirst() {
            let control = told[node] ?? Control()
            try say(plan.codec.control(control, of: node, at: clock.timestamp), name)
        }
        while canSend(name), let (channel, value) = lines[name]?.unsentLive.first {
            lines[name]?.unsentLive[channel] = nil
            try say(plan.codec.live(value.reading, at: value.at), name)
        }
    }

    /// Says it after what waits already, as far as there is room; the rest waits. What a connection has not
    /// heard when it breaks is said again on the next one.
    private func say(_ messages: [MqttMessage], _ name: UpstreamName) throws(UpstreamError) {
        lines[name]?.greeting.append(contentsOf: messages)
        while canSend(name), let message = lines[name]?.greeting.first {
            try publish(message, name)
            _ = lines[name]?.greeting.popFirst()
        }
    }

    /// Publishes what is no history, unless the broker hangs up at it or may do so.
    private func publish(_ message: MqttMessage, _ name: UpstreamName) throws(UpstreamError) {
        switch lines[name]?.link.clearance(of: message.topic, bytes: message.packetSize) {
        case .goes: try send(message, name)
        case .waits: lines[name]?.later[message.topic] = message
        case .never: lines[name]?.dropped += 1
        case nil: break
        }
    }

    /// It takes room in the window until the broker has acknowledged it.
    private func send(_ message: MqttMessage, _ name: UpstreamName) throws(UpstreamError) {
        do throws(UpstreamError) {
            guard let id = try lines[name]?.plan.session.publish(message) else { return }
            lines[name]?.sent += 1
            if message.qos == .atLeastOnce {
                lines[name]?.link.handedOver(
                    other: id.number, on: message.topic, bytes: message.packetSize)
            }
        } catch {
            guard error.kind == .badMessage else { throw error }
            // No other try would mend it.
            tell(name, .warning, "not published: \(error.detail)")
        }
    }

    private func pumpHistory(_ name: UpstreamName) throws(UpstreamError) {
        while let handover = lines[name]?.link.next {
            var receipts: [UInt64?] = []
            var problem: UpstreamError?
            for message in handover.messages where problem == nil {
                do throws(UpstreamError) {
                    let id = try lines[name]?.plan.session.publish(message)
                    lines[name]?.sent += 1
                    receipts.append(message.qos == .atLeastOnce ? id?.number : nil)
                } catch {
                    problem = error
                }
            }
            let actions =
                if let problem, problem.kind == .badMessage {
                    lines[name]?.link.impossible(handover.number, because: problem.detail)
                } else {
                    lines[name]?.link.handedOver(
                        handover.number, receipts: receipts, at: clock.now)
                }
            perform(actions ?? [], name)
            if let problem, problem.kind != .badMessage { throw problem }
        }
    }

    /// Takes the next entry that may be published and has it written.
    ///
    /// - Returns: Whether there was one and room for it.
    private func readOn(_ name: UpstreamName) async -> Bool {
        guard lines[name]?.link.wantsMore == true else { return false }
        if lines[name]?.ahead.isEmpty == true { await readAhead(name) }
        guard let entry = lines[name]?.ahead.popFirst() else { return false }
        let outboundBatches = lines[name]?.write(entry) ?? []
        let actions = lines[name]?.link.read(
            entry.sequence, making: outboundBatches.map { ($0.covers, $0.identity, $0.messages) })
        perform(actions ?? [], name)
        return true
    }

    private func readAhead(_ name: UpstreamName) async {
        guard let last = lines[name]?.link.lastRead, last < readable else { return }
        let clockSets = clockSets
        do {
            let entries = try await journal.next(for: name, after: last, limit: Self.readAhead)
            // The clock was set meanwhile: the journal has moved their times, and is asked again.
            guard clockSets == self.clockSets else {
                lines[name]?.mustTryJournal = true
                return
            }
            // A rewind meanwhile: these come behind what is to be written again, which must not be passed over.
            guard lines[name]?.link.lastRead == last else {
                lines[name]?.wakeup.yield()
                return
            }
            lines[name]?.ahead = Deque(entries.prefix { $0.sequence <= readable })
        } catch {
            await journalFailed(error, name)
        }
    }

    /// Tells the journal how far the upstream has come and what it never took.
    private func payDebts(_ name: UpstreamName) async {
        // Whoever waits for quiet waits until it is paid, so it stays in the list until then.
        while let debt = lines[name]?.debts.first {
            do {
                switch debt {
                case .advance(let through): try await journal.advance(name, through: through)
                case .deadLettered(let facts, let reason):
                    try await journal.deadLetter(facts, for: name, because: reason)
                }
            } catch {
                if error.kind != .storage { lines[name]?.settle(debt) }
                return await journalFailed(error, name)
            }
            lines[name]?.settle(debt)
        }
    }

    /// The journal tells as news when it cannot keep facts; here it is only tried again.
    private func journalFailed(_ error: JournalError, _ name: UpstreamName) async {
        tell(name, error.kind == .storage ? .debug : .error, error.detail)
        lines[name]?.mustTryJournal = true
    }
}

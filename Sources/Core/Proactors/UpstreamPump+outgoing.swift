import DequeModule
import Journals
import Mqtt
import Vocabulary

// Hands over what the upstream is to receive. Runs on the pump's own task, so that neither facts nor news, nor
// any other upstream, wait for it or for the journal. Everything here may have changed after each `await`.
extension UpstreamPump {
    /// Entries that are asked for at once.
    private static let readAhead = 256

    /// Hands over as much as the window allows: announcements and answers, then live values, then history.
    func run(in proactor: isolated Proactor) async {
        await payDebts(in: proactor)
        do {
            repeat {
                try handOverTrial(in: proactor)
                if takeTurn() { try handOverHistory(in: proactor) }
                try handOverLive(in: proactor)
                try handOverHistory(in: proactor)
            } while await readOn(in: proactor)
        } catch {
            // The session says by itself when there is room or a connection again; nothing is lost.
            log(
                .linkHandOverInterrupted, .debug, "hand-over interrupted: \(error.detail)",
                in: proactor)
        }
        await payDebts(in: proactor)
        proactor.lookForQuiet()
    }

    /// Hands over, alone, a message at which the broker may hang up.
    private func handOverTrial(in proactor: isolated Proactor) throws(UpstreamError) {
        while let topic = link.trialTopic {
            if let message = later[topic] {
                try send(message, in: proactor)
                later[topic] = nil
            }
            // There is none, or it could not be sent at all.
            if link.trialTopic == topic { link.endTrial(of: topic) }
        }
    }

    private func handOverLive(in proactor: isolated Proactor) throws(UpstreamError) {
        let clock = proactor.clock
        try say([], in: proactor)
        if owesBirth, announcements.isEmpty, link.canSend {
            owesBirth = false
            announce(in: proactor)
            try say([], in: proactor)
        }
        while link.canSend, let message = answers.first {
            try publish(message, in: proactor)
            _ = answers.popFirst()
        }
        guard link.state == .active else { return }
        if link.canSend, mustPublishStatus {
            mustPublishStatus = false
            try say(statusMessages(.connected, in: proactor), in: proactor)
        }
        if link.canSend, mustPublishFaults {
            mustPublishFaults = false
            try say(
                codecSession?.activeFaults(
                    proactor.activeFaults, at: clock.wallTime, within: link.limit) ?? [],
                in: proactor)
        }
        while link.canSend, let node = unsentControl.popFirst() {
            let control = proactor.supervisor.announcedControl[node] ?? Control()
            try say(
                codecSession?.control(control, of: node, at: clock.timestamp) ?? [], in: proactor)
        }
        while link.canSend, let channel = unsentLive.popFirst() {
            // It may have left the layout meanwhile.
            guard let value = proactor.live.latest(channel)?.value else { continue }
            try say(codecSession?.live(value.reading, at: value.at) ?? [], in: proactor)
        }
    }

    /// Says it after what waits already, as far as there is room; the rest waits. What a connection has not
    /// heard when it breaks is said again on the next one.
    private func say(
        _ messages: [MqttMessage], in proactor: isolated Proactor
    ) throws(UpstreamError) {
        announcements.append(contentsOf: messages)
        while link.canSend, let message = announcements.first {
            try publish(message, in: proactor)
            _ = announcements.popFirst()
        }
    }

    /// Publishes what is no history, unless the broker hangs up at it or may do so.
    private func publish(
        _ message: MqttMessage, in proactor: isolated Proactor
    ) throws(UpstreamError) {
        switch link.clearance(of: message.topic, bytes: message.packetSize) {
        case .goes: try send(message, in: proactor)
        case .waits: later[message.topic] = message
        case .never: counts[.dropped] += 1
        }
    }

    /// It takes room in the window until the broker has acknowledged it.
    private func send(
        _ message: MqttMessage, in proactor: isolated Proactor
    ) throws(UpstreamError) {
        do throws(UpstreamError) {
            let id = try transmit(message, in: proactor)
            if message.qos == .atLeastOnce {
                link.handedOver(
                    other: id.number, on: message.topic, bytes: message.packetSize)
            }
        } catch {
            guard error.kind == .badMessage else { throw error }
            // No other try would mend it.
            log(.messageUnsent, .warning, "not published: \(error.detail)", in: proactor)
        }
    }

    /// Hands a message to the transport, with the mark of the connection where its codec has one.
    func transmit(
        _ message: MqttMessage, in proactor: isolated Proactor
    ) throws(UpstreamError) -> MessageID {
        let id = try plan.session.publish(codecSession?.outgoing(message) ?? message)
        codecSession?.wasSent(message)
        counts[.sent] += 1
        trace(message, .messageSent, "sent", in: proactor)
        return id
    }

    private func handOverHistory(in proactor: isolated Proactor) throws(UpstreamError) {
        while let handover = link.next {
            var receipts: [UInt64?] = []
            var problem: UpstreamError?
            for message in handover.messages where problem == nil {
                do throws(UpstreamError) {
                    let id = try transmit(message, in: proactor)
                    receipts.append(message.qos == .atLeastOnce ? id.number : nil)
                } catch {
                    problem = error
                }
            }
            let actions =
                if let problem, problem.kind == .badMessage {
                    link.impossible(handover.number, because: problem.detail)
                } else {
                    link.handedOver(
                        handover.number, receipts: receipts, at: proactor.clock.now)
                }
            perform(actions, in: proactor)
            if let problem, problem.kind != .badMessage { throw problem }
        }
    }

    /// Takes the next entry that may be published and has it written.
    ///
    /// - Returns: Whether there was one and room for it.
    private func readOn(in proactor: isolated Proactor) async -> Bool {
        guard plan.codec.takesHistory, link.wantsMore else { return false }
        if ahead.isEmpty { await readAhead(in: proactor) }
        guard let entry = ahead.popFirst() else { return false }
        let batches = script.write(entry, acknowledged: link.cursor, within: link.limit)
        perform(link.read(entry.offset, making: batches), in: proactor)
        return true
    }

    private func readAhead(in proactor: isolated Proactor) async {
        let last = link.lastRead
        guard last < proactor.progress.readable else { return }
        let clockSets = proactor.progress.clockSets
        do {
            let entries = try await proactor.journal.next(
                for: name, after: last, limit: Self.readAhead)
            // The clock was set meanwhile: the journal has moved their times, and is asked again.
            guard clockSets == proactor.progress.clockSets else {
                mustTryJournal = true
                return
            }
            // The link was rewound meanwhile, and what comes after the old place would leave a gap.
            guard last == link.lastRead else { return wake() }
            ahead = Deque(entries.prefix { $0.offset <= proactor.progress.readable })
        } catch {
            journalFailed(error, in: proactor)
        }
    }

    /// Notes in the journal how far the upstream has come and what it never took.
    private func payDebts(in proactor: isolated Proactor) async {
        // Whoever waits for quiet waits until it is paid, so it stays in the list until then.
        while let debt = debts.first {
            do {
                switch debt {
                case .advance(let through):
                    try await proactor.journal.advance(name, through: through)
                case .deadLettered(let facts, let reason):
                    try await proactor.journal.deadLetter(facts, for: name, because: reason)
                }
            } catch {
                if error.kind != .storage { settle(debt) }
                return journalFailed(error, in: proactor)
            }
            settle(debt)
        }
    }

    /// The journal reports as news when it cannot keep facts; here it is only tried again.
    private func journalFailed(_ error: JournalError, in proactor: isolated Proactor) {
        log(.journalFailed, error.kind == .storage ? .debug : .error, error.detail, in: proactor)
        mustTryJournal = true
    }
}

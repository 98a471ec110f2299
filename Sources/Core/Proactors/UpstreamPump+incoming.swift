import Codecs
import Mqtt
import Vocabulary

// What the upstream says: commands, questions, acknowledgements.
extension UpstreamPump {
    func take(_ message: MqttMessage, in proactor: isolated Proactor) {
        counts[.received] += 1
        trace(message, .messageReceived, "received", in: proactor)
        let name = name
        let incoming = codecSession?.incoming(
            message, at: proactor.clock.wallTime, using: &proactor.chance)
        // What came on a connection that is gone concerns no connection any more.
        guard let incoming else { return }
        if incoming.isHeartbeat {
            handle(.heard(isRetained: message.isRetained), in: proactor)
            if !message.isRetained, incoming.matter.isCurrent(at: proactor.clock.timestamp) {
                proactor.noteHeartbeat(of: CommandSource(.upstream, name.text))
            }
        }
        if let note = incoming.note { log(.messageNote, .notice, note, in: proactor) }
        switch incoming.matter {
        case .commands(let commands, let reply):
            // Not awaited here, so that a slow node does not hold up the next command.
            Task {
                for command in commands {
                    let outcome = await proactor.carryOut(command)
                    proactor.pumps[name]?.answer(
                        outcome, command.id, command.node, reply, in: proactor)
                }
                proactor.pumps[name]?.acknowledge(incoming.acknowledge, in: proactor)
            }
            return
        case .refused(let reason, let id, let node, let reply):
            log(.commandRefused, .warning, "command refused: \(reason)", in: proactor)
            answer(.refused(reason), id, node, reply, in: proactor)
        case .acknowledged(let identity):
            if !message.isRetained { handle(.acknowledged(identity), in: proactor) }
        case .reply(let messages):
            for message in messages { send(message, in: proactor) }
        case .snapshotWanted: sendSnapshot(in: proactor)
        case .birthWanted:
            owesBirth = true
            wake()
        case .malformed(let why):
            log(.messageMalformed, .debug, "message malformed: \(why)", in: proactor)
            proactor.noteMalformed("upstream \(name): \(why.printable(limit: 300))")
            return acknowledge(incoming.acknowledge, after: proactor.progress.newest, in: proactor)
        case .ignored(let why):
            log(.messageIgnored, .debug, "message ignored: \(why)", in: proactor)
        }
        acknowledge(incoming.acknowledge, in: proactor)
    }

    /// Acknowledges to the peer that its message was handled.
    ///
    /// - Parameter fact: What has to be kept before; nil when nothing was made of the message.
    func acknowledge(
        _ identity: String?, after fact: JournalOffset? = nil, in proactor: isolated Proactor
    ) {
        guard let identity, let peer = plan.codec.peer else { return }
        if let fact, fact > proactor.progress.committed {
            if owedAcknowledgements.count >= 256 { _ = owedAcknowledgements.popFirst() }
            owedAcknowledgements.append((fact, identity))
        } else {
            sendAtOnce(peer.acknowledgement(of: identity), in: proactor)
        }
    }

    private func answer(
        _ outcome: CommandOutcome, _ id: CommandID, _ node: ShNodeName?, _ reply: Reply,
        in proactor: isolated Proactor
    ) {
        let messages = codecSession?.answer(
            outcome, id: id, node: node, to: reply, at: proactor.clock.timestamp)
        for message in messages ?? [] { send(message, in: proactor) }
    }

    /// The latest value of everything, unless there is no connection.
    func sendSnapshot(in proactor: isolated Proactor) {
        let latest = proactor.live.latestOfEach.values.sorted {
            $0.reading.channel.text < $1.reading.channel.text
        }
        for message in codecSession?.snapshot(latest, at: proactor.clock.wallTime) ?? [] {
            send(message, in: proactor)
        }
    }

    /// An answer that comes hours late answers nothing, so none waits for a connection.
    private func send(_ answer: MqttMessage, in proactor: isolated Proactor) {
        guard link.isConnected else { return }
        if answers.count >= Self.mostAnswers {
            _ = answers.popFirst()
            counts[.dropped] += 1
            log(
                .messageDropped, .warning,
                "an answer was dropped: \(Self.mostAnswers) others are queued", in: proactor)
        }
        answers.append(answer)
        wake()
    }
}

extension Incoming.Matter {
    /// Whether it says that its controller works now. What was commanded long ago and came late does not.
    fileprivate func isCurrent(at now: Timestamp) -> Bool {
        guard case .commands(let commands, _) = self else { return true }
        return commands.allSatisfy { CommandDeadline.problem(of: $0, at: now) == nil }
    }
}

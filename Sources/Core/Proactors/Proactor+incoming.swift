import Codecs
import Mqtt
import Vocabulary

// What upstreams say: commands, questions, acknowledgements.
extension Proactor {
    func take(_ message: MqttMessage, _ name: UpstreamName) {
        guard let plan = lines[name]?.plan else { return }
        lines[name]?.received += 1
        let incoming = plan.codec.incoming(message, at: clock.wallTime, using: &chance)
        if incoming.isHeartbeat {
            handle(.heard(isRetained: message.isRetained), name)
            if !message.isRetained { hear(CommandSource(.upstream, name.text)) }
        }
        if let note = incoming.note { tell(name, .notice, note) }
        switch incoming.matter {
        case .commands(let commands, let reply):
            // Not awaited here, so that a slow node does not hold up the next command.
            Task {
                for command in commands {
                    let answer = await self.carryOut(command)
                    self.answer(answer, command.id, command.node, reply, plan)
                }
                self.acknowledge(incoming.acknowledge, name)
            }
            return
        case .refused(let reason, let id, let node, let reply):
            tell(name, .warning, "command refused: \(reason)")
            answer(.refused(reason), id, node, reply, plan)
        case .acknowledged(let identity):
            if !message.isRetained { handle(.acknowledged(identity), name) }
        case .reply(let messages):
            for message in messages { send(message, name) }
        case .snapshotWanted: sendSnapshot(name)
        case .malformed(let why):
            tell(name, .debug, "message makes no sense: \(why)")
            noteMalformed("upstream \(name): \(why.printable(limit: 300))")
            return acknowledge(incoming.acknowledge, name, after: newest)
        case .ignored(let why):
            tell(name, .debug, "message ignored: \(why)")
        }
        acknowledge(incoming.acknowledge, name)
    }

    /// Tells the peer that its message was handled.
    ///
    /// - Parameter fact: What has to be kept before; nil when nothing was made of the message.
    func acknowledge(_ identity: String?, _ name: UpstreamName, after fact: Sequence64? = nil) {
        guard let identity, let codec = lines[name]?.plan.codec as? any PeerCodec else { return }
        if let fact, fact > committed {
            if lines[name]?.owedAcknowledgements.count ?? 0 >= 256 {
                _ = lines[name]?.owedAcknowledgements.popFirst()
            }
            lines[name]?.owedAcknowledgements.append((fact, identity))
        } else {
            sendAtOnce(codec.acknowledgement(of: identity), name)
        }
    }

    /// Facts were kept: those who sent them are told.
    func acknowledgeKept(_ name: UpstreamName) {
        while let owed = lines[name]?.owedAcknowledgements.first, owed.after <= committed {
            _ = lines[name]?.owedAcknowledgements.popFirst()
            acknowledge(owed.identity, name)
        }
    }

    private func answer(
        _ answer: CommandAnswer, _ id: CommandID, _ node: ShNodeName?, _ reply: Reply,
        _ plan: UpstreamPlan
    ) {
        let messages = plan.codec.answer(
            answer, id: id, node: node, to: reply, at: clock.wallTime)
        for message in messages { send(message, plan.name) }
    }

    /// The latest value of everything, unless there is no connection.
    func sendSnapshot(_ name: UpstreamName) {
        guard let plan = lines[name]?.plan else { return }
        let latest = live.latestOfEach.values.sorted {
            $0.reading.channel.text < $1.reading.channel.text
        }
        for message in plan.codec.snapshot(latest, at: clock.wallTime) { send(message, name) }
    }

    /// An answer that comes hours late answers nothing, so none waits for a connection.
    private func send(_ answer: MqttMessage, _ name: UpstreamName) {
        guard let line = lines[name], line.link.isConnected else { return }
        if line.answers.count >= UpstreamLine.mostAnswers {
            _ = lines[name]?.answers.popFirst()
            lines[name]?.dropped += 1
            tell(name, .warning, "an answer was dropped: \(UpstreamLine.mostAnswers) others wait")
        }
        lines[name]?.answers.append(answer)
        line.wakeup.yield()
    }
}

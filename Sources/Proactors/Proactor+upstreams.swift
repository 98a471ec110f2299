import Channels
import DequeModule
import Links
import Logging
import Upstreams
import Vocabulary

extension Proactor {
    /// What happened on one upstream's session.
    func take(_ news: MqttNews, _ name: UpstreamName) async {
        guard let plan = lines[name]?.plan else { return }
        switch news {
        case .connected:
            await greet(plan)
        case .unreachable(let reason), .refused(let reason), .disconnected(let reason):
            lines[name]?.isConnected = false
            lines[name]?.isSubscribed = false
            lines[name]?.window.restart()
            if lines[name]?.lastReason != reason {
                tell(name, .warning, "not connected: \(reason)")
            }
            lines[name]?.lastReason = reason
            if isQuiet { resumeQuietWaiters() }
        case .subscribed:
            if lines[name]?.isSubscribed == false { tell(name, .info, "takes commands") }
            lines[name]?.isSubscribed = true
        case .subscriptionRefused(let topic, let reason):
            tellRefusal(name, of: "subscription to \(topic)", reason)
        case .acknowledged(let message):
            await settle(message, name)
        case .publishRefused(let message, let reason, let topic):
            tellRefusal(name, of: "publishing to \(topic)", reason)
            await settle(message, name)
        case .received(let message):
            await take(message, plan)
        case .dropped(let count):
            tell(
                name, .warning,
                "\(count) messages came too fast or were too large, and were dropped")
        }
    }

    /// A new connection: say who and what we are, the truth of now, then what is left of history.
    private func greet(_ plan: UpstreamPlan) async {
        tell(plan.name, .notice, "connected")
        lines[plan.name]?.isConnected = true
        lines[plan.name]?.lastReason = nil
        lines[plan.name]?.window.restart()
        lines[plan.name]?.refusals.removeAll()
        do {
            for topic in plan.codec.subscriptions { try plan.session.subscribe(topic) }
        } catch {
            tell(plan.name, .warning, "cannot subscribe: \(error.detail)")
        }
        let latest = live.latest
        let unknown = profile.nodes.flatMap(\.channels).map(\.name).filter { latest[$0] == nil }
        lines[plan.name]?.urgent = Deque(
            plan.codec.greeting(at: clock.wallTime) + unknown.flatMap(plan.codec.unknown))
        lines[plan.name]?.mustTellStanding = true
        lines[plan.name]?.unsentLive = latest
        await pump(plan.name)
    }

    /// Hands over as much as the window allows: what is urgent, then live values, then history.
    func pump(_ name: UpstreamName) async {
        guard lines[name]?.isPumping == false else {
            lines[name]?.mustPumpAgain = true
            return
        }
        lines[name]?.isPumping = true
        repeat {
            lines[name]?.mustPumpAgain = false
            do {
                try pumpLive(name)
                try await pumpHistory(name)
            } catch {
                // The session says by itself when the connection is back; nothing is lost meanwhile.
                tell(name, .debug, "hand-over interrupted: \(error)")
            }
        } while lines[name]?.mustPumpAgain == true
        lines[name]?.isPumping = false
        if isQuiet { resumeQuietWaiters() }
    }

    private func pumpLive(_ name: UpstreamName) throws(UpstreamError) {
        guard let plan = lines[name]?.plan else { return }
        while canSend(name), let message = lines[name]?.urgent.first {
            try publish([message], plan)
            _ = lines[name]?.urgent.popFirst()
        }
        if canSend(name), lines[name]?.mustTellStanding == true {
            let troubles = standing.values.sorted { $0.since < $1.since }
            try publish(plan.codec.standing(troubles, at: clock.wallTime), plan)
            lines[name]?.mustTellStanding = false
        }
        while canSend(name), let (channel, value) = lines[name]?.unsentLive.first {
            try publish(plan.codec.live(value.reading, at: value.at.wall), plan)
            lines[name]?.unsentLive[channel] = nil
        }
    }

    /// Publishes what is no history. It takes room in the window until the broker has acknowledged it.
    private func publish(_ messages: [MqttMessage], _ plan: UpstreamPlan) throws(UpstreamError) {
        for message in messages {
            let id = try plan.session.publish(message)
            if message.qos == .atLeastOnce { lines[plan.name]?.window.handedOver(other: id) }
        }
    }

    private func pumpHistory(_ name: UpstreamName) async throws {
        while canSend(name), let line = lines[name] {
            let entries = try await journal.next(
                for: name, after: line.window.handedOver, limit: line.window.room)
            if entries.isEmpty { return }
            for entry in entries {
                // The actor may have been re-entered while the journal was read.
                guard canSend(name), let handedOver = lines[name]?.window.handedOver,
                    entry.sequence > handedOver
                else { return }
                var ids: [MessageID] = []
                for message in line.plan.codec.history(entry) {
                    ids.append(try line.plan.session.publish(message))
                }
                lines[name]?.window.handedOver(entry.sequence, as: ids)
                if ids.isEmpty, let through = lines[name]?.window.advance() {
                    try await journal.advance(name, through: through)
                }
            }
        }
    }

    private func canSend(_ name: UpstreamName) -> Bool {
        guard let line = lines[name] else { return false }
        return line.isConnected && line.window.room > 0
    }

    private func settle(_ message: MessageID, _ name: UpstreamName) async {
        if let through = lines[name]?.window.settled(message) {
            do {
                try await journal.advance(name, through: through)
            } catch {
                tell(name, .error, error.detail)
            }
        }
        await pump(name)
    }

    /// A message from upstream: a command, or something that is not carried out and why.
    private func take(_ message: MqttMessage, _ plan: UpstreamPlan) async {
        switch plan.codec.incoming(message, at: clock.wallTime, using: &chance) {
        case .command(let command, let reply):
            // Not awaited here, so that a slow node does not hold up the next command.
            Task {
                let answer = await self.carryOut(command)
                await self.answer(answer, to: command, reply, plan)
            }
        case .refused(let reason, let id, let node, let reply):
            tell(plan.name, .warning, "command refused: \(reason)")
            let message = plan.codec.answer(
                .refused(reason), id: id, node: node, to: reply, at: clock.wallTime)
            await sendUrgently([message], plan.name)
        case .ignored(let why):
            tell(plan.name, .debug, "message ignored: \(why)")
        }
    }

    private func answer(
        _ answer: CommandAnswer, to command: Command, _ reply: Reply, _ plan: UpstreamPlan
    ) async {
        let message = plan.codec.answer(
            answer, id: command.id, node: command.node, to: reply, at: clock.wallTime)
        await sendUrgently([message], plan.name)
    }

    /// An answer that comes hours late answers nothing, so nothing waits for a connection.
    private func sendUrgently(_ messages: [MqttMessage], _ name: UpstreamName) async {
        guard let line = lines[name], line.isConnected else { return }
        if line.urgent.count >= line.window.capacity { _ = lines[name]?.urgent.popFirst() }
        lines[name]?.urgent.append(contentsOf: messages)
        await pump(name)
    }

    /// Tells every connected upstream that this is the end, and waits a little for the receipt.
    func sayFarewell() async {
        let clock = clock
        for (name, line) in lines where line.isConnected {
            await sendUrgently(line.plan.codec.farewell(at: clock.wallTime), name)
        }
        await within(Self.stopTime.upstreams, on: clock) { await self.quiet() }
        resumeQuietWaiters()
        for line in lines.values { line.plan.session.close() }
    }

    /// Returns once every upstream that is connected has acknowledged all there was.
    private func quiet() async {
        guard !isQuiet else { return }
        await withCheckedContinuation { quietWaiters.append($0) }
    }

    private var isQuiet: Bool {
        lines.values.allSatisfy {
            !$0.isConnected || ($0.window.inFlight == 0 && $0.urgent.isEmpty && !$0.isPumping)
        }
    }

    private func resumeQuietWaiters() {
        for waiter in quietWaiters { waiter.resume() }
        quietWaiters = []
    }

    private func tellRefusal(_ name: UpstreamName, of what: String, _ reason: String) {
        guard lines[name]?.refusals[what] != reason else { return }
        lines[name]?.refusals[what] = reason
        tell(name, .warning, "the broker refuses \(what): \(reason)")
    }

    private func tell(_ name: UpstreamName, _ level: Logger.Level, _ text: String) {
        logger.log(level: level, "\(text)", metadata: ["link": "\(name)"])
    }
}

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
        lines[plan.name]?.greeting = Deque(
            plan.codec.greeting(at: clock.wallTime) + unknown.flatMap(plan.codec.unknown))
        lines[plan.name]?.answers = []
        lines[plan.name]?.mustTellStanding = true
        lines[plan.name]?.unsentAuthority = Set(told.keys)
        lines[plan.name]?.unsentLive = latest
        lines[plan.name]?.bell.yield()
    }

    /// Hands over as much as the window allows: greetings and answers, then live values, then history.
    /// Runs on the upstream's own task, so that neither facts nor news wait for it.
    func pump(_ name: UpstreamName) async {
        do {
            repeat { try pumpLive(name) } while try await pumpHistory(name)
        } catch {
            // The session says by itself when the connection is back; nothing is lost meanwhile.
            tell(name, .debug, "hand-over interrupted: \(error)")
        }
        if isQuiet { resumeQuietWaiters() }
    }

    private func pumpLive(_ name: UpstreamName) throws(UpstreamError) {
        guard let plan = lines[name]?.plan else { return }
        while canSend(name), let message = lines[name]?.greeting.first {
            try publish([message], plan)
            _ = lines[name]?.greeting.popFirst()
        }
        while canSend(name), let message = lines[name]?.answers.first {
            try publish([message], plan)
            _ = lines[name]?.answers.popFirst()
        }
        if canSend(name), lines[name]?.mustTellStanding == true {
            let troubles = standing.values.sorted { $0.since < $1.since }
            try publish(plan.codec.standing(troubles, at: clock.wallTime), plan)
            lines[name]?.mustTellStanding = false
        }
        while canSend(name), let node = lines[name]?.unsentAuthority.first {
            let authority = told[node] ?? Authority()
            try publish(plan.codec.authority(authority, of: node, at: clock.timestamp), plan)
            lines[name]?.unsentAuthority.remove(node)
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

    /// Hands over the next piece of history.
    /// - Returns: Whether there may be more and room for it.
    private func pumpHistory(_ name: UpstreamName) async throws -> Bool {
        guard canSend(name), let line = lines[name] else { return false }
        let entries = try await journal.next(
            for: name, after: line.window.handedOver, limit: line.window.room)
        // The connection may have been lost and made again while the journal was read.
        guard lines[name]?.window.generation == line.window.generation else { return true }
        for entry in entries {
            guard canSend(name) else { return false }
            for parcel in lines[name]?.writer.write(entry) ?? [] {
                var ids: [MessageID] = []
                for message in parcel.messages {
                    ids.append(try line.plan.session.publish(message))
                }
                lines[name]?.window.handedOver(parcel.covers.upperBound, as: ids)
            }
        }
        if let through = lines[name]?.window.advance() {
            try await journal.advance(name, through: through)
        }
        return !entries.isEmpty && canSend(name)
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
        lines[name]?.bell.yield()
        if isQuiet { resumeQuietWaiters() }
    }

    /// A message from upstream: a command, or something that is not carried out and why.
    private func take(_ message: MqttMessage, _ plan: UpstreamPlan) async {
        let incoming = plan.codec.incoming(message, at: clock.wallTime, using: &chance)
        if incoming.isSignOfLife { hear(CommandSource(.upstream, plan.name.text)) }
        switch incoming.matter {
        case .commands(let commands, let reply):
            // Not awaited here, so that a slow node does not hold up the next command.
            Task {
                for command in commands {
                    let answer = await self.carryOut(command)
                    await self.answer(answer, to: command, reply, plan)
                }
            }
        case .refused(let reason, let id, let node, let reply):
            tell(plan.name, .warning, "command refused: \(reason)")
            let messages = plan.codec.answer(
                .refused(reason), id: id, node: node, to: reply, at: clock.wallTime)
            for message in messages { send(message, plan.name) }
        case .reply(let messages):
            for message in messages { send(message, plan.name) }
        case .acknowledged, .snapshotWanted: break
        case .senseless(let why), .ignored(let why):
            tell(plan.name, .debug, "message ignored: \(why)")
        }
    }

    private func answer(
        _ answer: CommandAnswer, to command: Command, _ reply: Reply, _ plan: UpstreamPlan
    ) async {
        let messages = plan.codec.answer(
            answer, id: command.id, node: command.node, to: reply, at: clock.wallTime)
        for message in messages { send(message, plan.name) }
    }

    /// An answer that comes hours late answers nothing, so none waits for a connection.
    private func send(_ answer: MqttMessage, _ name: UpstreamName) {
        guard let line = lines[name], line.isConnected else { return }
        if line.answers.count >= line.window.capacity { _ = lines[name]?.answers.popFirst() }
        lines[name]?.answers.append(answer)
        line.bell.yield()
    }

    /// Tells every connected upstream that this is the end, and waits a little for the receipt.
    func sayFarewell() async {
        let clock = clock
        // What the nodes said last goes out before the word that there is nobody any more.
        await within(Self.stopTime.upstreams, on: clock) { await self.quiet() }
        resumeQuietWaiters()
        for (name, line) in lines where line.isConnected {
            lines[name]?.greeting.append(contentsOf: line.plan.codec.farewell(at: clock.wallTime))
            line.bell.yield()
        }
        await within(Self.closeTime, on: clock) { await self.quiet() }
        resumeQuietWaiters()
        for line in lines.values { line.plan.session.close() }
    }

    /// Returns once every upstream that is connected has acknowledged all there was.
    private func quiet() async {
        guard !isQuiet else { return }
        await withCheckedContinuation { quietWaiters.append($0) }
    }

    private var isQuiet: Bool {
        lines.values.allSatisfy { line in
            !line.isConnected
                || (line.window.inFlight == 0 && line.window.acknowledged >= newest
                    && line.greeting.isEmpty && line.answers.isEmpty && line.unsentLive.isEmpty
                    && line.unsentAuthority.isEmpty && !line.mustTellStanding)
        }
    }

    private func resumeQuietWaiters() {
        for waiter in quietWaiters { waiter.resume() }
        quietWaiters = []
    }

    private func tellRefusal(_ name: UpstreamName, of what: String, _ reason: String) {
        guard let line = lines[name], line.refusals[what] != reason else { return }
        if line.refusals.count < 64 || line.refusals[what] != nil {
            lines[name]?.refusals[what] = reason
        }
        tell(name, .warning, "the broker refuses \(what): \(reason)")
    }

    private func tell(_ name: UpstreamName, _ level: Logger.Level, _ text: String) {
        logger.log(level: level, "\(text)", metadata: ["link": "\(name)"])
    }
}

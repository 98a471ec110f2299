import Codecs
import DequeModule
import Links
import Logging
import Mqtt
import Vocabulary

// What happens on each upstream's session, and what its link makes of it.
extension Proactor {
    /// Begins to publish to one upstream and to take its commands.
    public func attach(_ plan: UpstreamPlan) async {
        precondition(lines[plan.name] == nil, "upstream \(plan.name) is attached once")
        let cursor = await journal.status()[plan.name]?.acknowledged ?? 0
        guard !isStopping else { return }
        let (rings, wakeup) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        lines[plan.name] = UpstreamLine(
            plan: plan, journal: journal.identity, after: cursor, wakeup: wakeup, clock: clock,
            chance: SeededGenerator(seed: chance.next(), for: plan.name.text))
        pumping.append(Task { for await _ in rings { await self.pump(plan.name) } })
        listen(to: plan.session, plan.name)
        handle(.start, plan.name)
    }

    /// Earlier layouts had these, and this one has not: what brokers may still keep of them is taken back at
    /// each connection. To be told before upstreams are attached.
    public func forget(channels: [DataChannelName], actuators: [ShNodeName]) {
        forgotten = (forgotten.channels.union(channels), forgotten.actuators.union(actuators))
    }

    /// Takes what a session has to say, until another one takes its place.
    func listen(to session: any Upstream, _ name: UpstreamName) {
        sessions.withLock { $0[name] = session }
        listening[name] = Task {
            for await news in session.news {
                guard !Task.isCancelled else { break }
                self.take(news, name)
            }
        }
    }

    func take(_ news: MqttEvent, _ name: UpstreamName) {
        guard lines[name] != nil else { return }
        switch news {
        case .connected:
            let limit = lines[name]?.plan.session.maximumPacketSize
            perform(lines[name]?.link.announce(limit: limit) ?? [], name)
            greet(name)
            handle(.connected, name)
        case .unreachable(let reason), .refused(let reason):
            handle(.connectFailed(reason), name)
        case .disconnected(let reason):
            handle(.disconnected(reason), name)
        case .nameTaken(let reason): noteRival(name, reason)
        case .subscribed(let topic):
            handle(.subscribed(topic), name)
        case .subscriptionRefused(let topic, let reason):
            handle(.subscriptionRefused(topic, because: reason), name)
        case .acknowledged(let message):
            handle(.received(message.number), name)
        case .publishRefused(let message, let reason, let topic, let isTemporary):
            reportRefusal(name, of: "publishing to \(topic)", reason)
            handle(
                .refused(
                    message.number, because: "the broker refuses \(topic): \(reason)",
                    isTemporary: isTemporary), name)
        case .received(let message):
            take(message, name)
        case .dropped(let count):
            tell(
                name, .warning,
                "\(count) messages came too fast or were too large, and were dropped")
        }
        if isQuiet { resumeQuietWaiters() }
    }

    /// Hands `input` to the upstream's link and does what it asks for.
    func handle(_ input: Link<MqttMessage>.Input, _ name: UpstreamName) {
        let actions = lines[name]?.link.handle(input, at: clock.now) ?? []
        if lines[name]?.follow(actions, at: clock.now) == true {
            if let cause = lines[name]?.life.cause { tell(name, .warning, cause) }
            publishStatus()
        }
        perform(actions, name)
    }

    func perform(_ actions: [Link<MqttMessage>.Action], _ name: UpstreamName) {
        for action in actions { perform(action, name) }
        if let deadline = lines[name]?.deadline { hurry(to: deadline) }
    }

    private func perform(_ action: Link<MqttMessage>.Action, _ name: UpstreamName) {
        guard let line = lines[name] else { return }
        switch action {
        case .connect: line.plan.session.connect()
        case .disconnect: line.plan.session.close()
        case .subscribe(let topics):
            for topic in topics { subscribe(topic, name) }
        case .ping(let identity):
            guard let codec = line.plan.codec as? any PeerCodec else { return }
            sendAtOnce(codec.ping(identity), name)
        case .greetPeer: greetPeer(name)
        case .tell(let kind, let detail): tell(GatewayEvent(kind, link: name, detail: detail))
        case .advance(let through):
            lines[name]?.owe(.advance(through: through))
            line.wakeup.yield()
        case .deadLettered(let facts, let reason):
            lines[name]?.owe(.deadLettered(facts, because: reason))
            losses[name, default: DropReporter()].deadLetter(facts, because: reason)
            line.wakeup.yield()
            reportLosses(name)
        case .handOver: line.wakeup.yield()
        case .rewind(let sequence):
            lines[name]?.rewind(to: sequence)
            line.wakeup.yield()
        }
    }

    private func subscribe(_ topic: String, _ name: UpstreamName) {
        do {
            try lines[name]?.plan.session.subscribe(topic)
        } catch {
            // The session says by itself when the connection is gone.
            guard error.kind != .notConnected else { return }
            handle(.subscriptionRefused(topic, because: error.detail), name)
        }
    }

    /// A new connection: who and what we are.
    private func greet(_ name: UpstreamName) {
        guard let line = lines[name] else { return }
        let plan = line.plan
        let latest = live.latestOfEach
        let unknown = (profile.nodes.flatMap(\.channels).map(\.name) + forgotten.channels.sorted())
            .filter { latest[$0] == nil }
        let status = statusWords(.connecting, for: name)
        lines[name]?.greeting = Deque(
            plan.codec.greeting(at: clock.wallTime, within: line.link.limit) + status
                + unknown.flatMap(plan.codec.unknown)
                + forgotten.actuators.sorted().flatMap(plan.codec.gone))
        lines[name]?.answers = []
        lines[name]?.later = [:]
        lines[name]?.refusals.removeAll()
        lines[name]?.wakeup.yield()
    }

    /// Facts begin to flow: the truth of now goes before what is left of history.
    private func greetPeer(_ name: UpstreamName) {
        guard let plan = lines[name]?.plan else { return }
        if let codec = plan.codec as? any PeerCodec {
            lines[name]?.greeting.append(contentsOf: codec.activation(at: clock.wallTime))
        }
        lines[name]?.mustPublishFaults = true
        lines[name]?.unsentControl = Set(told.keys)
        lines[name]?.unsentLive = live.latestOfEach
        if let event = losses[name]?.isBack(name, at: clock.now) { tell(event) }
    }

    /// Sends what may not wait for room in the window. Whoever waits for it asks again when it was lost.
    func sendAtOnce(_ message: MqttMessage, _ name: UpstreamName) {
        do {
            let id = try lines[name]?.plan.session.publish(message)
            if let id, message.qos == .atLeastOnce {
                lines[name]?.link.handedOver(
                    other: id.number, on: message.topic, bytes: message.packetSize)
            }
        } catch {
            tell(name, .debug, "not sent: \(error.detail)")
        }
    }

    private func reportRefusal(_ name: UpstreamName, of what: String, _ reason: String) {
        guard let line = lines[name], line.refusals[what] != reason else { return }
        if line.refusals.count < 64 || line.refusals[what] != nil {
            lines[name]?.refusals[what] = reason
        }
        tell(name, .warning, "the broker refuses \(what): \(reason)")
    }

    func tell(
        _ name: UpstreamName, _ level: Logger.Level, _ text: String, file: String = #fileID,
        line: UInt = #line
    ) {
        // Lines are told apart by where they come from, so that none hides another.
        logger.log(
            level: level, "\(text)", metadata: ["link": "\(name)"], file: file, line: line)
    }
}

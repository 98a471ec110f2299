import Codecs
import Delivery
import DequeModule
import Health
import Logging
import Mqtt
import Vocabulary

// What happens on the upstream's session, and what its link makes of it.
extension UpstreamPump {
    /// Takes what a session has to say, until another one takes its place.
    func listen(to session: any Upstream, in proactor: isolated Proactor) {
        let name = name
        proactor.order.registry.withLock { $0.sessions[name] = session }
        listening = Task {
            for await news in session.news {
                guard !Task.isCancelled else { break }
                proactor.pumps[name]?.take(news, in: proactor)
            }
        }
    }

    /// Goes on with a new session, on a thread of its own. What was not acknowledged is handed over again;
    /// what the old session still reports is ignored.
    ///
    /// - Returns: Whether there is a new one.
    func remakeSession(in proactor: isolated Proactor) -> Bool {
        guard let session = plan.makeSession?() else { return false }
        let reason = "session watchdog expired; session restarted"
        listening?.cancel()
        plan.session.close()
        plan = UpstreamPlan(
            name: name, session: session, makeSession: plan.makeSession, codec: plan.codec,
            rules: plan.rules)
        codecSession = nil
        handle(link.isConnected ? .disconnected(reason) : .connectFailed(reason), in: proactor)
        listen(to: session, in: proactor)
        connect(session)
        return true
    }

    /// Each try to connect has a number, and its last will from the codec.
    private func connect(_ session: any Upstream) {
        let connections = connections
        session.connect { connections.begin() }
    }

    /// The codec's words for the connection that stands, with what is known now.
    private func beginCodecSession(in proactor: isolated Proactor) {
        codecSession = plan.codec.session(
            of: CodecConnection(
                number: connections.number, latest: Array(proactor.live.latestOfEach.values),
                control: proactor.supervisor.announcedControl, former: proactor.forgotten))
    }

    /// Goes on in other words on a connection that stands: what we are now, then how things are.
    ///
    /// - Parameters:
    ///   - channels: Those that are gone.
    ///   - nodes: Those that are gone.
    func speak(
        _ codec: any Codec, after offset: JournalOffset, without channels: Set<DataChannelName>,
        _ nodes: Set<ShNodeName>, in proactor: isolated Proactor
    ) {
        plan = UpstreamPlan(
            name: name, session: plan.session, makeSession: plan.makeSession, codec: codec,
            rules: plan.rules)
        script.change(to: codec, after: offset)
        connections.change(to: codec)
        unsentLive.subtract(channels)
        unsentControl.subtract(nodes)
        guard link.isConnected else { return }
        beginCodecSession(in: proactor)
        announcements.append(contentsOf: births(in: proactor))
        for channel in channels.sorted() { announcements.append(contentsOf: clear(channel)) }
        for node in nodes.sorted() { announcements.append(contentsOf: clear(node)) }
        if link.state == .active { showAll(in: proactor) }
        wake()
    }

    /// Publishes, when the upstream is connected, that the gateway ends in good order.
    func publishOffline(in proactor: isolated Proactor) {
        guard link.isConnected else { return }
        announcements.append(
            contentsOf: statusMessages(.closed, in: proactor)
                + (codecSession?.offline(at: proactor.clock.wallTime) ?? []))
        wake()
    }

    private func take(_ news: MqttEvent, in proactor: isolated Proactor) {
        switch news {
        case .connected:
            if plan.session.version == .v3 {
                log(
                    .linkVersion, .notice,
                    "MQTT 3.1.1: no reasons for rejected messages, answers on answer/ alone",
                    in: proactor)
            }
            perform(link.announce(limit: plan.session.maximumPacketSize), in: proactor)
            beginCodecSession(in: proactor)
            beginAnnouncements(in: proactor)
            handle(.connected, in: proactor)
        case .unreachable(let reason), .refused(let reason):
            codecSession = nil
            handle(.connectFailed(reason), in: proactor)
        case .disconnected(let reason):
            codecSession = nil
            handle(.disconnected(reason), in: proactor)
        case .nameTaken(let reason): proactor.noteRival(name, reason)
        case .subscribed(let topic):
            handle(.subscribed(topic), in: proactor)
        case .subscriptionRefused(let topic, let reason):
            handle(.subscriptionRefused(topic, because: reason), in: proactor)
        case .acknowledged(let message):
            handle(.received(message.number), in: proactor)
        case .publishRefused(let message, let reason, let topic, let isTemporary):
            reportRefusal(of: "publishing to \(topic)", reason, in: proactor)
            handle(
                .refused(
                    message.number, because: "\(topic) rejected by the broker: \(reason)",
                    isTemporary: isTemporary), in: proactor)
        case .received(let message):
            take(message, in: proactor)
        case .dropped(let count):
            log(
                .messageDropped, .warning,
                "dropped \(count) messages that came too fast or were too large",
                in: proactor)
        }
        proactor.lookForQuiet()
    }

    /// Hands `input` to the link and does what it asks for.
    func handle(_ input: Link<MqttMessage>.Input, in proactor: isolated Proactor) {
        let now = proactor.clock.now
        let actions = link.handle(input, at: now)
        if follow(actions, at: now) {
            if let cause = life.cause { log(.linkUnreachable, .warning, cause, in: proactor) }
            proactor.publishStatus()
        }
        perform(actions, in: proactor)
    }

    func perform(_ actions: [Link<MqttMessage>.Action], in proactor: isolated Proactor) {
        for action in actions { perform(action, in: proactor) }
        if let deadline { proactor.hurry(to: deadline) }
    }

    private func perform(_ action: Link<MqttMessage>.Action, in proactor: isolated Proactor) {
        switch action {
        case .connect: connect(plan.session)
        case .disconnect: plan.session.close()
        case .subscribe(let topics):
            for topic in topics { subscribe(topic, in: proactor) }
        case .ping(let identity):
            guard let peer = plan.codec.peer else { return }
            sendAtOnce(peer.ping(identity), in: proactor)
        case .greetPeer:
            // Facts begin to flow: the truth of now goes before what is left of history.
            showAll(in: proactor)
            if let event = drops.isBack(name, at: proactor.clock.now) { proactor.record(event) }
        case .record(let kind, let detail):
            proactor.record(GatewayEvent(kind, link: name, detail: detail))
        case .advance(let through):
            owe(.advance(through: through))
            wake()
        case .deadLettered(let facts, let reason):
            owe(.deadLettered(facts, because: reason))
            drops.deadLetter(facts, because: reason)
            wake()
            reportDrops(in: proactor)
        case .handOver: wake()
        case .rewind(let offset):
            forgetAhead()
            script.rewind(to: offset)
            wake()
        }
    }

    private func subscribe(_ topic: String, in proactor: isolated Proactor) {
        do {
            try plan.session.subscribe(topic)
        } catch {
            // The session says by itself when the connection is gone.
            guard error.kind != .notConnected else { return }
            handle(.subscriptionRefused(topic, because: error.detail), in: proactor)
        }
    }

    /// A new connection: who and what we are.
    private func beginAnnouncements(in proactor: isolated Proactor) {
        let forgotten = proactor.forgotten
        let latest = proactor.live.latestOfEach
        let channels = proactor.profile.nodes.flatMap(\.channels).map(\.name)
        let unknown = (channels + forgotten.channels.keys.sorted()).filter { latest[$0] == nil }
        announcements = Deque(births(in: proactor) + statusMessages(.connecting, in: proactor))
        for channel in unknown { announcements.append(contentsOf: clear(channel)) }
        for node in forgotten.nodes.sorted() { announcements.append(contentsOf: clear(node)) }
        answers = []
        later = [:]
        owesBirth = false
        refusals.reset()
        wake()
    }

    /// Who and what we are, once more on the same connection, and then how things are.
    func announce(in proactor: isolated Proactor) {
        announcements.append(
            contentsOf: births(in: proactor)
                + statusMessages(
                    link.state == .active ? .connected : .connecting, in: proactor))
        if link.state == .active { showAll(in: proactor) }
    }

    private func births(in proactor: isolated Proactor) -> [MqttMessage] {
        codecSession?.birth(at: proactor.clock.wallTime, within: link.limit) ?? []
    }

    private func clear(_ channel: DataChannelName) -> [MqttMessage] {
        codecSession?.clear(channel) ?? []
    }

    private func clear(_ node: ShNodeName) -> [MqttMessage] { codecSession?.clear(node) ?? [] }

    /// Everything as it is now, to an upstream that is active.
    private func showAll(in proactor: isolated Proactor) {
        announcements.append(
            contentsOf: codecSession?.activation(at: proactor.clock.wallTime) ?? [])
        mustPublishFaults = true
        unsentControl = Set(proactor.supervisor.announcedControl.keys)
        unsentLive = Set(proactor.live.latestOfEach.keys)
    }

    /// The words for this upstream, each time with a sequence of their own.
    func statusMessages(
        _ state: LinkStatus.State, in proactor: isolated Proactor
    ) -> [MqttMessage] {
        proactor.supervisor.statusSequence += 1
        return codecSession?.status(
            proactor.ownStatus(state), links: proactor.linkStatuses,
            queues: proactor.queueStatuses, at: proactor.clock.wallTime, within: link.limit) ?? []
    }

    /// Sends what may not wait for room in the window. Whoever waits for it asks again when it was lost.
    func sendAtOnce(_ message: MqttMessage, in proactor: isolated Proactor) {
        do {
            let id = try transmit(message, in: proactor)
            if message.qos == .atLeastOnce {
                link.handedOver(
                    other: id.number, on: message.topic, bytes: message.packetSize)
            }
        } catch {
            log(.messageUnsent, .debug, "not sent: \(error.detail)", in: proactor)
        }
    }

    private func reportRefusal(
        of what: String, _ reason: String, in proactor: isolated Proactor
    ) {
        guard refusals.begin(what, reason) else { return }
        log(.messageRejected, .warning, "the broker rejects \(what): \(reason)", in: proactor)
    }
}

import DequeModule
import Health
import Journals
import Mqtt
import PlainJson
import Timing
import Vocabulary

/// The other end of a link: hears any number of gateways, keeps what they send, and commands them.
///
/// It does what a `ParentMachine` says, on one session and one store.
public actor Parent {
    /// How long a stop may wait for the disk, and then for the disconnect from the broker.
    public static let stopTime = (
        store: Duration.milliseconds(800), session: Duration.milliseconds(1_200)
    )
    /// Messages that wait for room in the session's window. Beyond, the oldest is evicted: one who waits
    /// for it asks again.
    private static let outboxCapacity = 4_096
    /// How soon a session that was full is tried again.
    private static let fullTime = Duration.milliseconds(10)

    private let session: any Upstream
    private let store: ReceivedStore
    private let presence: PlainPresence
    private let clock: any GatewayClock
    private let report: @Sendable ([ParentLine]) -> Void
    private var machine: ParentMachine
    private var outbox: Deque<(message: MqttMessage, child: GatewayName)> = []
    /// How the parent stands, until the session has room for it: at most one status of each state.
    private var unsentStatuses: Deque<(state: LinkStatus.State, message: MqttMessage)> = []
    private let rest = InterruptibleSleep()
    private var timekeeper: Task<Void, Never>?
    private var listening: [Task<Void, Never>] = []

    /// - Parameters:
    ///   - presence: How the parent says how it stands. Its last will is the session's.
    ///   - store: Open already; closed by `stop`.
    ///   - report: Takes what there is to say, in order. It must not wait.
    public init(
        machine: ParentMachine, session: any Upstream, presence: PlainPresence,
        store: ReceivedStore,
        clock: any GatewayClock, report: @escaping @Sendable ([ParentLine]) -> Void
    ) {
        (self.machine, self.session, self.store) = (machine, session, store)
        (self.presence, self.clock, self.report) = (presence, clock, report)
    }

    /// Begins to connect and to listen.
    public func start() {
        let (session, store) = (session, store)
        listening = [
            Task { for await news in session.news { self.take(news) } },
            Task { for await _ in store.wakeup { self.takeStored() } },
        ]
        timekeeper = Task { await self.keepTime() }
        perform(machine.start(at: clock.now))
    }

    /// Carries out one line that a user has typed.
    public func take(line: String) {
        perform(machine.take(line: line, at: clock.now, wall: clock.wallTime))
    }

    /// Acknowledges what was stored, says that it goes offline, and closes the store; all bounded in time. What comes
    /// meanwhile is not taken in, and sent again to the next parent.
    public func stop() async {
        let (clock, store) = (clock, store)
        machine.stop()
        await within(Self.stopTime.store, on: clock) { await store.commit() }
        takeStored()
        perform(machine.close(at: clock.now))
        timekeeper?.cancel()
        let listening = listening
        await within(Self.stopTime.session, on: clock) {
            await listening[0].value
            await store.close()
            await listening[1].value
        }
    }

    // MARK: - News

    private func take(_ news: MqttEvent) {
        if case .disconnected = news { emptyOutbox() }
        perform(machine.take(news, at: clock.now, wall: clock.wallTime))
        if case .acknowledged = news { send() }
    }

    private func takeStored() {
        let news = store.takeNews()
        if let fault = news.fault { machine.storing(isFaulty: fault.isOn) }
        perform(machine.take(news.kept))
        var lines: [ParentLine] = []
        if let damage = news.damage { lines.append(.problem(nil, damage)) }
        if let fault = news.fault { lines.append(.problem(nil, fault.detail)) }
        if !lines.isEmpty { report(lines) }
    }

    private func perform(_ actions: [ParentMachine.Action]) {
        var lines: [ParentLine] = []
        for action in actions {
            switch action {
            case .connect:
                let will = presence.will
                session.connect { will }
            case .close:
                send()
                session.close()
            case .subscribe(let topic): subscribe(topic)
            case .publish(let message, let child):
                if outbox.count == Self.outboxCapacity, let oldest = outbox.popFirst() {
                    machine.gaveWay(to: oldest.child)
                }
                outbox.append((message, child))
            case .publishStatus(let own, let links):
                if unsentStatuses.last?.state == own.state { unsentStatuses.removeLast() }
                let message = presence.status(own, links: links, at: clock.wallTime)
                unsentStatuses.append((own.state, message))
            case .store(let item): if !store.append(item) { machine.notTaken(item.key) }
            case .report(let line): lines.append(line)
            }
        }
        send()
        if !lines.isEmpty { report(lines) }
        if let deadline { rest.hurry(to: deadline) }
    }

    private func subscribe(_ topic: String) {
        do throws(UpstreamError) {
            try session.subscribe(topic)
        } catch {
            // The session says by itself when the connection is gone.
            guard error.kind != .notConnected else { return }
            take(.subscriptionRefused(topic: topic, reason: error.detail))
        }
    }

    private func send() {
        do throws(UpstreamError) {
            while let status = unsentStatuses.first {
                try publish(status.message)
                _ = unsentStatuses.popFirst()
            }
            while let (message, child) = outbox.first {
                if try publish(message) {
                    machine.sent(to: child)
                } else {
                    machine.gaveWay(to: child)
                }
                _ = outbox.popFirst()
            }
        } catch {
            if error.kind == .notConnected { emptyOutbox() }
        }
    }

    /// - Returns: Whether it was handed over; no other try would mend it.
    /// - Throws: When there is no connection, or no room yet.
    @discardableResult
    private func publish(_ message: MqttMessage) throws(UpstreamError) -> Bool {
        do throws(UpstreamError) {
            try session.publish(message)
            return true
        } catch {
            guard error.kind == .badMessage else { throw error }
            return false
        }
    }

    private func emptyOutbox() {
        for waiting in outbox { machine.gaveWay(to: waiting.child) }
        outbox.removeAll()
        unsentStatuses.removeAll()
    }

    // MARK: - Time

    /// A session that was full does not say when there is room for messages without an acknowledgement.
    private var deadline: MonotonicInstant? {
        let retry =
            outbox.isEmpty && unsentStatuses.isEmpty ? nil : clock.now.advanced(by: Self.fullTime)
        return [machine.deadline, retry].compactMap(\.self).min()
    }

    private func keepTime() async {
        while !Task.isCancelled {
            await rest.sleep(
                until: deadline ?? clock.now.advanced(by: .seconds(3_600)), on: clock)
            guard !Task.isCancelled else { return }
            perform(machine.tick(at: clock.now))
        }
    }
}

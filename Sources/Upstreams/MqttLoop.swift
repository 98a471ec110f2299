import CLinux
import CMosquitto
import Glibc
import Links
import Threads
import Vocabulary

/// A session's thread: connects, carries out orders, brings news, and starts over when it breaks.
///
/// The library is driven by this loop and not by its own thread, `mosquitto_loop_start`, which would
/// end for good after a login refused under MQTT 5 or a failed TLS handshake, would look names up on
/// the caller's thread, would send anew what was not acknowledged before a reconnect, and would wait
/// with select(2), which knows no descriptor above 1023. Here one thread alone uses the library, and a
/// client of the library lives for one connection.
///
/// Source: libmosquitto 2.0.11, loop.c, connect.c, handle_connack.c, messages_mosq.c.
final class MqttLoop {
    private(set) var settings: MqttSettings
    let exchange: MqttExchange
    private let clock: any GatewayClock
    private let keepAliveSeconds: Int
    private var backoff: Backoff

    // Of the present connection:

    /// QoS 1 messages without an acknowledgement, by the library's number for them.
    var inFlight: [Int32: (id: MessageID, topic: String)] = [:]
    var subscribing: [Int32: String] = [:]
    var isLoggedIn = false
    /// Why the broker refused the login.
    var refusal: String?
    /// Why the connection ended, as the library tells it.
    var ending: String?
    /// What the library wrote to its log, oldest first.
    var complaints: [String] = []

    init(
        settings: MqttSettings, exchange: MqttExchange, clock: any GatewayClock,
        chance: SeededGenerator
    ) {
        (self.settings, self.exchange, self.clock) = (settings, exchange, clock)
        backoff = Backoff(
            first: settings.shortestReconnectDelay, cap: settings.longestReconnectDelay,
            jitter: chance)
        let seconds = (settings.keepAlive.wholeNanoseconds + 999_999_999) / 1_000_000_000
        keepAliveSeconds = Int(min(max(seconds, 5), 65_535))
    }

    /// Returns when the session is closed.
    func run() {
        precondition(libraryIsReady, "libmosquitto does not start")
        while !exchange.isClosing {
            let began = clock.now
            live(until: began)
            let outcome = attempt()
            // Whoever closes the session knows why it ended.
            if exchange.isClosing { break }
            let delay: Duration
            switch outcome {
            case .neverConnected(let problem):
                exchange.failed(.unreachable(problem))
                delay = backoff.failed()
            case .refused(let reason):
                exchange.failed(.refused(reason))
                delay = backoff.failed(isHopeless: true)
            case .connected(let ending):
                exchange.disconnected(ending)
                // One that broke soon counts as a failed try, or two clients of the same name would
                // throw each other out without a pause.
                delay = backoff.ended(after: began.duration(to: clock.now))
            }
            rest(delay)
        }
        _ = clock.allowance(until: nil, alarm: exchange)
        exchange.finish()
    }

    private enum Outcome {
        case neverConnected(String)
        case refused(String)
        case connected(ending: String)
    }

    private func rest(_ delay: Duration) {
        let deadline = clock.now.advanced(by: delay)
        live(until: deadline)
        while !exchange.isClosing, clock.now < deadline {
            let allowance = clock.allowance(until: deadline, alarm: exchange)
            let milliseconds = allowance.map {
                Int32(clamping: $0.wholeNanoseconds / 1_000_000 + 1)
            }
            var bell = pollfd(fd: exchange.bell, events: Int16(POLLIN), revents: 0)
            // Sound: `bell` outlives the call.
            _ = unsafe poll(&bell, 1, milliseconds ?? -1)
            exchange.silenceBell()
        }
    }

    /// The thread shows that it lives; it may rest until that time.
    private func live(until time: MonotonicInstant) { exchange.lastSign.withLock { $0 = time } }

    /// Connects once and serves the connection until it ends.
    private func attempt() -> Outcome {
        (inFlight, subscribing) = ([:], [:])
        (isLoggedIn, refusal, ending, complaints) = (false, nil, nil, [])
        let listener: Int32?
        do throws(UpstreamError) {
            listener = try findBroker()
        } catch {
            return .neverConnected(error.detail)
        }
        do throws(UpstreamError) {
            let client = try MqttClient(settings: settings, owner: self)
            let begun = client.connect(keepAliveSeconds: keepAliveSeconds)
            guard begun == 0 || begun == MOSQ_ERR_CONN_PENDING.rawValue else {
                throw UpstreamError(kind: .notConnected, detail: words(forConnect: begun))
            }
            // Nothing secret was said so far: only who comes, and its last will.
            guard listener == nil || client.listener == listener else {
                throw UpstreamError(
                    kind: .notConnected, detail: "another process listens there than the broker's")
            }
            try awaitSocket(of: client)
            let status = serve(client)
            let words = ending ?? self.words(for: status)
            if let refusal { return .refused(refusal) }
            return isLoggedIn
                ? .connected(ending: words)
                : .neverConnected("\(settings.broker): \(words)")
        } catch {
            return .neverConnected("\(settings.broker): \(error.detail)")
        }
    }

    /// - Returns: The process that must listen there, where that is known.
    private func findBroker() throws(UpstreamError) -> Int32? {
        guard let now = try settings.whereabouts?() else { return nil }
        (settings.broker, settings.user, settings.password) = (now.broker, now.user, now.password)
        return now.listener
    }

    /// Waits until TCP has connected. The library would not see a refusal while it prepares for TLS.
    private func awaitSocket(of client: MqttClient) throws(UpstreamError) {
        while !exchange.isClosing {
            live(until: clock.now)
            let events = wait(for: client.socket, Int16(POLLOUT), milliseconds: 1000)
            if events != 0 {
                let number = client.socketError
                guard number == 0 else {
                    let hint = number == ECONNRESET ? tlsHint : ""
                    throw UpstreamError(kind: .notConnected, detail: errorWords(number) + hint)
                }
                guard hasBroken(events) else { return }
                // The library's TLS took the reason and passed it over.
                throw UpstreamError(
                    kind: .notConnected, detail: "the connection was refused or closed" + tlsHint)
            }
            guard client.keepUp() == 0 else {
                throw UpstreamError(
                    kind: .notConnected, detail: "no answer within \(keepAliveSeconds) s")
            }
        }
    }

    /// - Returns: The library's status when the connection ended.
    private func serve(_ client: MqttClient) -> Int32 {
        // The library wants to look at its keep-alive times in passing.
        let glance = Int32(min(max(keepAliveSeconds * 1000 / 8, 1000), 5000))
        while true {
            live(until: clock.now)
            if exchange.isClosing {
                sayGoodbye(client)
                return 0
            }
            if let status = carryOutOrders(with: client) { return status }
            let socket = client.socket
            guard socket >= 0 else { return 0 }
            let wanted = Int16(POLLIN) | (client.wantsToWrite ? Int16(POLLOUT) : 0)
            let events = wait(for: socket, wanted, milliseconds: isLoggedIn ? glance : 1000)
            let status = client.work(canWrite: events & Int16(POLLOUT) != 0, canRead: events != 0)
            guard status == 0 else { return status }
            if events & Int16(POLLIN) != 0 { client.acknowledgeAtOnce() }
            // The library's TLS handshake would go on for ever, at full speed.
            if !isLoggedIn, client.socket >= 0, hasBroken(events) {
                ending = words(for: Int32(MOSQ_ERR_CONN_LOST.rawValue)) + tlsHint
                return 0
            }
        }
    }

    private func hasBroken(_ events: Int16) -> Bool {
        events & (Int16(POLLHUP) | Int16(POLLERR)) != 0
    }

    /// - Returns: The library's status when the connection broke meanwhile, else nil.
    private func carryOutOrders(with client: MqttClient) -> Int32? {
        guard isLoggedIn else { return nil }
        var broken: Int32?
        for order in exchange.takeOrders() where broken == nil {
            broken = carryOut(order, with: client)
        }
        return broken
    }

    private func carryOut(_ order: MqttExchange.Order, with client: MqttClient) -> Int32? {
        switch order {
        case .publish(let id, let message):
            switch client.publish(message) {
            case .taken(let number):
                // At QoS 0 the library tells when it is written, at QoS 1 when it is acknowledged.
                if message.qos == .atLeastOnce { inFlight[number] = (id, message.topic) }
            case .impossible(let reason):
                exchange.publishRefused(id, qos: message.qos, reason: reason, topic: message.topic)
            case .broken(let status): return status
            }
        case .subscribe(let topic):
            switch client.subscribe(topic) {
            case .taken(let number): subscribing[number] = topic
            case .impossible(let reason): exchange.subscriptionSettled(topic, refusal: reason)
            case .broken(let status): return status
            }
        }
        return nil
    }

    private func sayGoodbye(_ client: MqttClient) {
        guard carryOutOrders(with: client) == nil else { return }
        client.disconnect()
        // The library closes the socket once the last byte is written; a second is enough or in vain.
        for _ in 0..<10 where client.socket >= 0 {
            let events = wait(for: client.socket, Int16(POLLOUT), milliseconds: 100)
            guard client.work(canWrite: events != 0, canRead: false) == 0 else { return }
        }
    }

    /// - Returns: The events of `socket`; 0 when only the bell rang or the time is over.
    private func wait(for socket: Int32, _ events: Int16, milliseconds: Int32) -> Int16 {
        var descriptors = [
            pollfd(fd: socket, events: events, revents: 0),
            pollfd(fd: exchange.bell, events: Int16(POLLIN), revents: 0),
        ]
        // Sound: the array outlives the call and has two elements.
        guard unsafe poll(&descriptors, 2, milliseconds) > 0 else { return 0 }
        if descriptors[1].revents != 0 { exchange.silenceBell() }
        return descriptors[0].revents
    }
}

/// Whether the library was prepared, which happens once for the process.
private let libraryIsReady: Bool = mosquitto_lib_init() == Int32(MOSQ_ERR_SUCCESS.rawValue)

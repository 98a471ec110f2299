import CLinux
import Glibc
import Timing
import Vocabulary

/// A session's thread: connects, carries out orders, brings news, and starts over when it breaks.
///
/// It may block in looking a name up; everything else waits in poll(2) for the broker, the clock's glance
/// and the exchange's bell at once.
final class MqttLoop {
    var settings: MqttSettings
    let exchange: MqttExchange
    let clock: any GatewayClock
    private let keepAliveSeconds: Int
    private let will: @Sendable () -> MqttMessage?
    /// How often it is asked for a broker that nobody knows yet.
    private static let lookForBroker = Duration.milliseconds(50)
    private var backoff: Backoff
    /// Where the last connection ended before the broker took the login: tried last the next time.
    private var unluckyPlace: BrokerEndpoint?
    private var versionChoice: MqttVersionChoice
    /// How many connections in a row the broker has closed without a reason and while nothing was in flight.
    /// mosquitto 2.0 does so to a client that is pushed out by another client of the same name.
    private var silentEnds = 0
    /// What is read at once, made once.
    var buffer = [UInt8](repeating: 0, count: 16_384)

    init(
        settings: MqttSettings, exchange: MqttExchange, clock: any GatewayClock,
        chance: SeededGenerator, will: @escaping @Sendable () -> MqttMessage?
    ) {
        self.will = will
        (self.settings, self.exchange, self.clock) = (settings, exchange, clock)
        versionChoice = MqttVersionChoice(settings.version)
        backoff = Backoff(
            first: settings.shortestReconnectDelay, cap: settings.longestReconnectDelay,
            jitter: chance)
        let seconds = (settings.keepAlive.wholeNanoseconds + 999_999_999) / 1_000_000_000
        keepAliveSeconds = Int(min(max(seconds, 5), 65_535))
    }

    /// Returns when the session is closed.
    func run() {
        while !exchange.isClosing {
            let began = clock.now
            live(until: began)
            let outcome = attempt()
            // The one that closes the session knows why it ended.
            if exchange.isClosing { break }
            let delay: Duration
            switch outcome {
            case .notYet: delay = Self.lookForBroker
            case .tryOtherVersion: delay = .zero
            case .neverConnected(let problem):
                exchange.failed(.unreachable(problem))
                delay = backoff.failed()
            case .refused(let reason):
                exchange.failed(.refused(reason))
                delay = backoff.failed(isHopeless: true)
            case .connected(let ending, let isNameTaken):
                exchange.disconnected(ending)
                if isNameTaken { exchange.nameTaken(ending) }
                // One that broke soon counts as a failed try, or two clients of the same name would
                // throw each other out without a pause.
                delay = backoff.ended(after: began.duration(to: clock.now))
            }
            rest(delay)
        }
        _ = clock.allowance(until: nil, alarm: exchange)
        exchange.finish()
    }

    /// The words for a broker that hangs up without any.
    static let hangUp = "the broker closed the connection"
    private static let suspiciousEnds = 3
    /// Two that push each other out come back after a minute at most.
    private static let longestRivalry = Duration.seconds(120)

    private enum Outcome {
        /// Nobody knows yet where the broker is.
        case notYet
        /// It does not speak the version that it was asked in.
        case tryOtherVersion
        case neverConnected(String)
        case refused(String)
        case connected(ending: String, isNameTaken: Bool)
    }

    private func rest(_ delay: Duration) {
        let deadline = clock.now.advanced(by: delay)
        live(until: deadline)
        while !exchange.isClosing, clock.now < deadline {
            let allowance = clock.allowance(until: deadline, alarm: exchange)
            let milliseconds = allowance.map {
                Int32(clamping: $0.wholeNanoseconds / 1_000_000 + 1)
            }
            _ = wait(for: -1, milliseconds: milliseconds ?? -1)
        }
    }

    /// The thread shows that it lives; it may rest until that time.
    func live(until time: MonotonicInstant) { exchange.lastHeartbeat.withLock { $0 = time } }

    /// Connects once and serves the connection until it ends.
    private func attempt() -> Outcome {
        let listener: Int32?
        do throws(UpstreamError) {
            if let endpointProvider = settings.endpointProvider {
                guard let now = try endpointProvider() else { return .notYet }
                (settings.broker, settings.user) = (now.broker, now.user)
                (settings.password, listener) = (now.password, now.listener)
            } else {
                listener = nil
            }
        } catch {
            return .neverConnected(error.detail)
        }
        do throws(UpstreamError) {
            guard let (stream, place) = try connect(to: listener) else {
                return .neverConnected("closed")
            }
            settings.will = will()
            let version = versionChoice.next(at: clock.now)
            let isTrial = versionChoice.isTrial
            if isTrial { settings.will = nil }
            var conversation = try MqttConversation(
                settings: settings, version, isTrial: isTrial, exchange: exchange,
                keepAliveSeconds: keepAliveSeconds, at: clock.now)
            let began = clock.now
            let ending = serve(stream, &conversation)
            unluckyPlace = conversation.isLoggedIn ? nil : place
            if conversation.isLoggedIn { versionChoice.accepted(version) }
            let mustChange =
                conversation.isVersionUnknown && versionChoice.rejected(version, at: clock.now)
            if mustChange || isTrial && conversation.isLoggedIn { return .tryOtherVersion }
            if let refusal = conversation.refusal {
                return .refused("\(settings.broker): \(refusal)")
            }
            guard conversation.isLoggedIn else {
                let mayNotUnderstand = !conversation.hasHeard && !exchange.isClosing
                if mayNotUnderstand, versionChoice.unanswered(at: clock.now) {
                    return .tryOtherVersion
                }
                return .neverConnected("\(settings.broker): \(ending)")
            }
            let suspicion = suspicion(
                conversation, ending, after: began.duration(to: clock.now))
            return .connected(
                ending: ending + (suspicion ?? ""),
                isNameTaken: conversation.isNameTaken || suspicion != nil)
        } catch {
            // A broker that is away explains why it hung up.
            silentEnds = 0
            return .neverConnected("\(settings.broker): \(error.detail)")
        }
    }

    /// What else there is to say of the end of a connection that lasted for so long; nil when nothing is.
    private func suspicion(
        _ conversation: MqttConversation, _ ending: String, after lasted: Duration
    ) -> String? {
        guard ending == Self.hangUp else {
            silentEnds = 0
            return nil
        }
        // It may be something that was in flight, which others look for.
        guard conversation.isIdle else { return nil }
        silentEnds = lasted > Self.longestRivalry ? 1 : silentEnds + 1
        guard silentEnds >= Self.suspiciousEnds else { return nil }
        return " without a reason, \(silentEnds) times in a row; another client may use the same "
            + "client identifier, \(conversation.nameHint)"
    }

    /// - Parameter listener: The process that must listen there; nil for whichever does.
    /// - Returns: A connection over which the login can go; nil when the session is closing.
    private func connect(
        to listener: Int32?
    ) throws(UpstreamError) -> (BrokerStream, BrokerEndpoint)? {
        let context =
            settings.broker.usesTls
            ? try TlsContext(settings.tls ?? MqttTls()) : nil
        let all = try BrokerEndpoint.all(of: settings.broker)
        let places = all.filter { $0 != unluckyPlace } + all.filter { $0 == unluckyPlace }
        let dialled = try BrokerDialler().dial(places, for: exchange) {
            live(until: clock.now)
            return exchange.isClosing
        }
        guard let (socket, place) = dialled else { return nil }
        guard let context else {
            let stream = BrokerStream(socket: socket)
            guard listener == nil || tidegate_listener_of(socket) == listener else {
                throw UpstreamError(
                    kind: .notConnected, detail: "the listener is not the broker's process")
            }
            return (stream, place)
        }
        let tls = try TlsStream(context, to: settings.broker, over: socket)
        let stream = BrokerStream(socket: socket, tls: tls)
        unluckyPlace = place
        return try shakeHands(stream, tls) ? (stream, place) : nil
    }

    /// - Returns: Whether it was done; false when the session is closing.
    private func shakeHands(
        _ stream: BrokerStream, _ tls: TlsStream
    ) throws(UpstreamError) -> Bool {
        let limit = clock.now.advanced(by: MqttConversation.loginLimit)
        while !exchange.isClosing {
            live(until: clock.now)
            switch tls.shake() {
            case .bytes: return true
            case .awaits(let events):
                guard clock.now < limit else {
                    throw UpstreamError(
                        kind: .notConnected, detail: "TLS handshake not finished within 30 s")
                }
                _ = wait(for: stream.socket, events, milliseconds: 1000)
            case .closed:
                throw UpstreamError(
                    kind: .notConnected,
                    detail: "the connection was closed; check that the broker speaks TLS on port "
                        + "\(settings.broker.port)")
            case .failed(let words):
                throw UpstreamError(kind: .notConnected, detail: words)
            }
        }
        return false
    }

    /// - Returns: The events of `socket`; 0 when only the bell rang or the time is over.
    func wait(for socket: Int32, _ events: Int16 = 0, milliseconds: Int32) -> Int16 {
        var descriptors = [
            pollfd(fd: socket, events: events, revents: 0),
            pollfd(fd: exchange.wakeup.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        let most = exchange.wakeup.allowance(Int64(milliseconds) * 1_000_000) / 1_000_000
        // Sound: the array outlives the call and has two elements.
        guard unsafe poll(&descriptors, 2, Int32(most)) > 0 else { return 0 }
        if descriptors[1].revents != 0 { exchange.wakeup.silence() }
        return descriptors[0].revents
    }
}

import DequeModule
import Vocabulary

/// What is said on one connection, from the login to the offline message.
///
/// A pure machine between a stream of bytes and the exchange: no socket, no clock. Only what MQTT 5 asks of
/// a client that starts clean each time, subscribes one topic at a time and publishes at QoS 0 and 1.
///
/// Tidegate speaks MQTT itself and links no library for it. libmosquitto 2.0.11, as Debian builds it, ends
/// the process by an assertion at a property that it does not know, and at a message a byte larger than the
/// broker takes; it allocates whatever length a stranger names, and its readers of SUBACK and UNSUBACK have
/// gone beyond the packet. No fence around it holds: over TLS nobody sees the packets before it does, a
/// jump out of an assertion leaves its locks behind, and a process for each link costs more than the few
/// packets that are needed. Here a stranger's bytes meet bounds-checked code alone, and cost their link a
/// reconnect at most.
///
/// Source: MQTT Version 5.0 and MQTT Version 3.1.1, OASIS Standards.
struct MqttConversation {
    private let settings: MqttSettings
    let version: MqttVersion
    /// It ends with the login, of which nobody learns.
    private let isTrial: Bool
    private let exchange: MqttExchange
    private var frames: MqttFrames

    /// What is to be written and, before `start`, what was.
    private var buffer: [UInt8] = []
    private var start = 0
    /// Bytes that were put into the buffer, and of them written, since the beginning.
    private var (queued, written) = (0, 0)
    /// Where the messages of QoS 0 end that were not written yet.
    private var unwritten: Deque<Int> = []

    private(set) var isLoggedIn = false
    /// Why the broker refused the login.
    private(set) var refusal: String?
    /// Whether the broker has said anything.
    private(set) var hasHeard = false
    /// Whether it does not speak the version of this login.
    private(set) var isVersionUnknown = false
    /// Why the broker ended the connection, in its own packet.
    private(set) var ending: String?
    /// Whether it ended because another client logged in under the same name.
    private(set) var isNameTaken = false
    private var limits = BrokerLimits()
    private var lastNumber: UInt16 = 0
    /// QoS 1 messages without an acknowledgement.
    private var inFlight: [UInt16: (id: MessageID, topic: String)] = [:]
    /// QoS 1 messages for which the broker has no room yet.
    private var waiting: Deque<(id: MessageID, message: MqttMessage)> = []
    private var subscribing: [UInt16: String] = [:]
    /// QoS 2 messages that were taken and not released; each number stands for one until then.
    private var unreleased: Set<UInt16> = []

    private var interval: Duration
    private let began: MonotonicInstant
    private var (lastSent, lastReceived): (MonotonicInstant, MonotonicInstant)
    private var pingSent: MonotonicInstant?
    /// How many acknowledgements came, and since when there were so many while others are owed.
    private var settled = 0
    private var standstill: (settled: Int, since: MonotonicInstant)

    /// How much larger than its payload a message may be: topic, response topic, correlation data and
    /// content type at their longest.
    private static let longestRest = 4 * 65_536
    /// How long a TLS handshake may take, and the broker to answer the login.
    static let loginLimit = Duration.seconds(30)
    /// Never so many in flight that no number is left, whatever the broker takes.
    private static let mostInFlight = 65_000

    /// - Parameter keepAliveSeconds: 5 to 65,535.
    /// - Throws: `.badMessage` when the settings are wrong, naming the one at fault.
    init(
        settings: MqttSettings, _ version: MqttVersion = .v5, isTrial: Bool = false,
        exchange: MqttExchange, keepAliveSeconds: Int, at now: MonotonicInstant
    ) throws(UpstreamError) {
        (self.settings, self.version, self.isTrial) = (settings, version, isTrial)
        self.exchange = exchange
        frames = MqttFrames(limit: settings.largestPayload + Self.longestRest)
        interval = .seconds(keepAliveSeconds)
        (began, lastSent, lastReceived) = (now, now, now)
        standstill = (0, now)
        queue(
            try MqttWriting.login(
                settings, version, keepAliveSeconds: keepAliveSeconds,
                largestPacket: frames.limit))
    }

    // MARK: - Out

    /// What is to be written, in order. To be released before anything else is done.
    var output: ArraySlice<UInt8> { buffer[start...] }

    private mutating func queue(_ packet: [UInt8]) {
        if start > buffer.count / 2 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer += packet
        queued += packet.count
    }

    mutating func carryOut(_ order: MqttExchange.Order) {
        switch order {
        case .publish(let id, let message):
            if let problem = problem(with: message) {
                exchange.publishRefused(id, qos: message.qos, reason: problem, topic: message.topic)
            } else if message.qos == .atMostOnce {
                queue(MqttWriting.message(message, number: 0, version))
                unwritten.append(queued)
            } else if mayPublish {
                publish(message, id)
            } else {
                waiting.append((id, message))
            }
        case .subscribe(let topic):
            let number = nextNumber()
            let packet = MqttWriting.subscription(
                to: topic, number: number, qos: settings.subscriptionQos, version)
            if let problem = problem(withSize: packet.count) {
                exchange.subscriptionSettled(topic, refusal: problem)
            } else {
                subscribing[number] = topic
                queue(packet)
            }
        }
    }

    private var mayPublish: Bool {
        inFlight.count < min(limits.receiveMaximum, Self.mostInFlight)
    }

    private mutating func publish(_ message: MqttMessage, _ id: MessageID) {
        let number = nextNumber()
        inFlight[number] = (id, message.topic)
        queue(MqttWriting.message(message, number: number, version))
    }

    private mutating func nextNumber() -> UInt16 {
        repeat {
            lastNumber = lastNumber == .max ? 1 : lastNumber + 1
        } while inFlight[lastNumber] != nil || subscribing[lastNumber] != nil
        return lastNumber
    }

    /// Why the broker would hang up at `message`; nil when it may be sent.
    private func problem(with message: MqttMessage) -> String? {
        if let problem = MqttWriting.problem(with: message) { return problem }
        if message.qos.rawValue > limits.maximumQos { return MqttReason(155).description }
        if message.isRetained, !limits.keepsRetained { return MqttReason(154).description }
        return problem(withSize: message.packetSize)
    }

    private func problem(withSize bytes: Int) -> String? {
        guard let most = limits.maximumPacketSize, bytes > most else { return nil }
        return "\(MqttReason(149)): \(bytes) bytes; it takes \(most)"
    }

    /// So many bytes at the front of `output` were handed to the connection.
    mutating func wrote(_ count: Int, at now: MonotonicInstant) {
        start += count
        if start == buffer.count {
            // A burst's memory goes back.
            buffer.removeAll(keepingCapacity: buffer.capacity <= 1 << 18)
            start = 0
        }
        written += count
        lastSent = now
        while let end = unwritten.first, end <= written {
            unwritten.removeFirst()
            exchange.written()
        }
    }

    /// The broker then publishes no last will.
    mutating func disconnect() { queue(MqttWriting.disconnect) }

    // MARK: - In

    /// The memory of what came and is not understood yet. In bytes.
    var heldBytes: Int { frames.heldBytes }

    /// Takes what the broker sent.
    mutating func receive(
        _ bytes: ArraySlice<UInt8>, at now: MonotonicInstant
    ) throws(MalformedPacket) {
        (lastReceived, pingSent, hasHeard) = (now, nil, true)
        frames.append(bytes)
        while ending == nil, refusal == nil, let frame = try frames.next() {
            try take(try MqttPacket(frame, version, largestPayload: settings.largestPayload))
        }
    }

    private mutating func take(_ packet: MqttPacket) throws(MalformedPacket) {
        switch packet {
        case .loginAnswer(let verdict, let sessionPresent, let limits):
            guard !isLoggedIn else { throw MalformedPacket("a second CONNACK") }
            login(verdict, sessionPresent, limits)
        case .disconnect(let verdict):
            isNameTaken = verdict.reason.code == 142
            ending = words(for: verdict) + (isNameTaken ? ", \(nameHint)" : "")
        case _ where !isLoggedIn: throw MalformedPacket("a packet before CONNACK")
        case .message(let message, let qos, let number): receive(message, qos, number)
        case .release(let number):
            unreleased.remove(number)
            queue(MqttWriting.completion(of: number))
        case .acknowledgement(let number, let verdict): settle(number, verdict)
        case .subscription(let number, let verdict):
            guard let topic = subscribing.removeValue(forKey: number) else { return }
            settled += 1
            exchange.subscriptionSettled(
                topic, refusal: verdict.reason.isFailure ? words(for: verdict) : nil)
        case .pong: break
        }
    }

    private mutating func login(
        _ verdict: MqttPacket.Verdict, _ sessionPresent: Bool, _ limits: BrokerLimits
    ) {
        guard verdict.reason.code == 0 else {
            refusal = words(for: verdict)
            isVersionUnknown = verdict.reason.code == MqttReason.unsupportedVersion
            return
        }
        (isLoggedIn, self.limits) = (true, limits)
        guard !isTrial else { return ending = "accepted \(version)" }
        // A broker that wants to receive nothing is pinged all the same, or its silent end went unseen.
        if let seconds = limits.keepAliveSeconds, seconds > 0 {
            interval = min(interval, .seconds(seconds))
        }
        exchange.connected(
            sessionPresent: sessionPresent, version, maximumPacketSize: limits.maximumPacketSize)
    }

    private mutating func receive(_ message: MqttMessage?, _ qos: UInt8, _ number: UInt16) {
        if qos == 1 { queue(MqttWriting.acknowledgement(of: number)) }
        if qos == 2 {
            queue(MqttWriting.receipt(of: number))
            guard unreleased.insert(number).inserted else { return }
        }
        if let message { exchange.received(message) } else { exchange.droppedMessage() }
    }

    private mutating func settle(_ number: UInt16, _ verdict: MqttPacket.Verdict) {
        guard let (id, topic) = inFlight.removeValue(forKey: number) else { return }
        settled += 1
        if verdict.reason.isFailure {
            exchange.publishRefused(
                id, qos: .atLeastOnce, reason: words(for: verdict), topic: topic,
                isTemporary: verdict.reason.isTemporary)
        } else {
            exchange.acknowledged(id)
        }
        while mayPublish, let next = waiting.popFirst() { publish(next.message, next.id) }
    }

    private func words(for verdict: MqttPacket.Verdict) -> String {
        "\(verdict.reason)"
            + (verdict.words.map { " (reason of the broker: \($0.printable(limit: 300)))" } ?? "")
    }

    /// What to look for when another client goes by the same name.
    var nameHint: String {
        "\(settings.clientID); check for a second gateway with this alias, or a copy of its SD card"
    }

    /// Whether nothing is written or waits for its acknowledgement.
    var isIdle: Bool { output.isEmpty && inFlight.isEmpty && waiting.isEmpty }

    // MARK: - Keeping the connection up

    /// How long to wait at most before the next `keepUp`.
    var glance: Duration {
        isLoggedIn ? min(max(interval / 4, .milliseconds(250)), .seconds(5)) : .seconds(1)
    }

    /// Has a ping sent when one is due.
    ///
    /// - Returns: Why the connection is over; nil while it is not.
    mutating func keepUp(at now: MonotonicInstant) -> String? {
        guard isLoggedIn else {
            // Bytes that come one by one do not make it longer.
            return began.duration(to: now) >= Self.loginLimit
                ? "no reply to the login within 30 s" : nil
        }
        if let problem = standstillProblem(at: now) { return problem }
        if let pingSent {
            return pingSent.duration(to: now) >= interval
                ? "no packet from the broker for the keep-alive time" : nil
        }
        guard min(lastSent, lastReceived).duration(to: now) >= interval else { return nil }
        queue(MqttWriting.ping)
        pingSent = now
        return nil
    }

    /// A broker that answers pings and acknowledges nothing is as good as gone, and another connection may
    /// cure it.
    private mutating func standstillProblem(at now: MonotonicInstant) -> String? {
        let owed = inFlight.count + subscribing.count
        guard owed > 0, standstill.settled == settled else {
            standstill = (settled, now)
            return nil
        }
        let limit = max(settings.acknowledgementLimit, interval * 2)
        guard standstill.since.duration(to: now) >= limit else { return nil }
        return "no acknowledgement from the broker for \(limit.layoutText), \(owed) owed"
    }
}

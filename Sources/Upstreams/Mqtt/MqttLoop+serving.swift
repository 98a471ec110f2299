import Glibc
import Vocabulary

// One connection, from the login to its end.
extension MqttLoop {
    /// What is written and not taken by the broker, before nothing more is read from it: what it sends has to
    /// be acknowledged.
    private static let mostUnwritten = 1 << 20

    /// - Returns: Why the connection ended.
    func serve(_ stream: BrokerStream, _ conversation: inout MqttConversation) -> String {
        var reading = Reading.awaits(Int16(POLLIN))
        while true {
            live(until: clock.now)
            if exchange.isClosing {
                disconnect(stream, &conversation)
                return "closed"
            }
            carryOutOrders(&conversation)
            if let ending = conversation.keepUp(at: clock.now) { return ending }
            var awaited = Int16(0)
            switch write(to: stream, &conversation) {
            case .bytes: break
            case .awaits(let events): awaited = events
            case .closed: return lastWords(of: stream, &conversation, after: nil)
            case .failed(let why): return lastWords(of: stream, &conversation, after: why)
            }
            var pause = Int32(clamping: conversation.glance.wholeNanoseconds / 1_000_000)
            if conversation.output.count < Self.mostUnwritten {
                switch reading {
                case .awaits(let events): awaited |= events
                case .hasMore: pause = 0
                case .ended: break
                }
            }
            let events = wait(for: stream.socket, awaited, milliseconds: pause)
            let mayRead = events & ~Int16(POLLOUT) != 0 || reading.isAwaiting(events)
            guard mayRead || pause == 0 else { continue }
            reading = read(from: stream, &conversation)
            if case .ended(let ending) = reading { return ending }
            if events & Int16(POLLIN) != 0 { stream.acknowledgeAtOnce() }
        }
    }

    private enum Reading {
        case awaits(Int16)
        /// One round may cost only so much; there may be more.
        case hasMore
        case ended(String)

        /// Whether TLS waits to write before it can read on, and can.
        func isAwaiting(_ events: Int16) -> Bool {
            if case .awaits(let awaited) = self { awaited & events != 0 } else { false }
        }
    }

    private func carryOutOrders(_ conversation: inout MqttConversation) {
        guard conversation.isLoggedIn else { return }
        for order in exchange.takeOrders() { conversation.carryOut(order) }
    }

    /// Writes what can be written now.
    private func write(
        to stream: BrokerStream, _ conversation: inout MqttConversation
    ) -> StreamOutcome {
        while !conversation.output.isEmpty {
            let outcome = stream.write(conversation.output)
            guard case .bytes(let count) = outcome else { return outcome }
            conversation.wrote(count, at: clock.now)
        }
        return .bytes(0)
    }

    private func read(
        from stream: BrokerStream, _ conversation: inout MqttConversation
    ) -> Reading {
        for _ in 0..<16 {
            switch stream.read(into: &buffer) {
            case .bytes(let count):
                do throws(MalformedPacket) {
                    try conversation.receive(buffer[..<count], at: clock.now)
                } catch {
                    return .ended(words(for: error, conversation))
                }
                if let ending = conversation.ending ?? conversation.refusal {
                    return .ended(ending)
                }
            case .awaits(let events): return .awaits(events)
            case .closed: return .ended(words(for: conversation))
            case .failed(let words): return .ended(words)
            }
        }
        return .hasMore
    }

    /// Nothing can be written any more, which is why, where that is known; but what the broker said last shows
    /// more.
    private func lastWords(
        of stream: BrokerStream, _ conversation: inout MqttConversation, after why: String?
    ) -> String {
        var reading = Reading.hasMore
        // No longer than an offline message can take.
        for _ in 0..<4 {
            guard case .hasMore = reading else { break }
            reading = read(from: stream, &conversation)
        }
        if let said = conversation.ending ?? conversation.refusal ?? why { return said }
        if case .ended(let words) = reading { return words }
        return words(for: conversation)
    }

    private func disconnect(_ stream: BrokerStream, _ conversation: inout MqttConversation) {
        carryOutOrders(&conversation)
        guard conversation.isLoggedIn else { return }
        conversation.disconnect()
        var isSaid = false
        // The broker hangs up once it has read the last byte; a second is enough or in vain.
        for _ in 0..<10 {
            var awaited = Int16(POLLIN)
            if !isSaid {
                switch write(to: stream, &conversation) {
                case .bytes:
                    stream.endWriting()
                    isSaid = true
                case .awaits(let events): awaited = events
                case .closed, .failed: return
                }
            }
            guard wait(for: stream.socket, awaited, milliseconds: 100) != 0, isSaid else {
                continue
            }
            // What still comes is too late, and must be read for the broker to read us.
            switch stream.read(into: &buffer) {
            case .bytes, .awaits: break
            case .closed, .failed: return
            }
        }
    }

    // MARK: - Words

    /// Why the broker has hung up without a reason.
    private func words(for conversation: MqttConversation) -> String {
        guard !conversation.isLoggedIn else { return Self.hangUp }
        let version = settings.version.map { "\($0)" } ?? "MQTT"
        guard settings.broker.usesTls else {
            return
                "the broker closed the connection at the login; it may not support \(version)"
        }
        let certificate =
            settings.tls?.certificate.map { "not accept the client certificate \($0)" }
            ?? "ask for a client certificate"
        return "the broker closed the connection after the TLS handshake; it may \(certificate), "
            + "or not support \(version)"
    }

    private func words(
        for error: MalformedPacket, _ conversation: MqttConversation
    ) -> String {
        let isOfBroker =
            conversation.isLoggedIn
            || error.detail.hasPrefix("\(MqttPacket.Kind.loginAnswer)")
        let hint =
            isOfBroker
            ? ""
            : "; check that an MQTT broker \(settings.broker.usesTls ? "" : "without TLS ")"
                + "listens on port \(settings.broker.port)"
        return "the broker sent a malformed packet: \(error.detail)\(hint)"
    }
}

import Control
import Documents
import Glibc
import Host
import Mqtt
import PlainJson
import Timing
import Vocabulary

/// Follows gateways of this machine over their local control sockets, to where they come back. What they say reads as
/// over a broker, so that what shows it need not know the difference.
struct LocalFollow: Sendable {
    /// Lines that wait to be shown; a reader that stands still loses the oldest, which are counted.
    private static let inbox = 1 << 14
    private static let waits = (first: Duration.milliseconds(200), longest: Duration.seconds(5))

    /// `watch` or `tap`.
    let request: ControlRequest
    let places: [LocalGateways.Place]
    let clock: any GatewayClock

    /// As `BrokerOptions.Target.follow`.
    func follow(
        quit: AsyncStream<Void>? = nil, ending: @escaping @Sendable () -> Void = {},
        take: (Followed) async -> Void
    ) async -> ExitStatus {
        let (news, sink) = AsyncStream.makeStream(
            of: Followed.self, bufferingPolicy: .bufferingNewest(Self.inbox))
        let followers = places.map { place in
            Task {
                let why = await follow(place, sink)
                if let why { sink.yield(.problem(why)) }
                sink.finish()
            }
        }
        let end = { @Sendable in
            for follower in followers { follower.cancel() }
            sink.finish()
            ending()
        }
        let signals = ProcessSignal.all(.interrupt, .terminate, on: clock)
        let endings = [
            Task { for await _ in signals { end() } },
            Task { if let quit { for await _ in quit { end() } } },
        ]
        defer { for task in endings + followers { task.cancel() } }
        var wasRefused = false
        for await item in news {
            if case .problem = item { wasRefused = true }
            await take(item)
        }
        return wasRefused ? .unavailable : .success
    }

    /// - Returns: Why the gateway does not let this user follow it; nil when the task was cancelled.
    private func follow(
        _ place: LocalGateways.Place, _ sink: AsyncStream<Followed>.Continuation
    ) async -> String? {
        var backoff = Backoff(first: Self.waits.first, cap: Self.waits.longest)
        var reported: String?
        while !Task.isCancelled {
            let begin = clock.now
            var refusal: String?
            var isConnected = false
            do throws(ControlError) {
                try await ControlClient.ask(request, at: place.path) { line in
                    if !isConnected { sink.yield(.connected) }
                    (isConnected, reported) = (true, nil)
                    switch LocalLine(line, of: place.gateway) {
                    case .message(let message): sink.yield(.message(message))
                    case .refused(let why): refusal = why
                    case .end, nil: break
                    }
                    return refusal == nil
                }
            } catch {
                if error.kind == .notAllowed { return error.detail }
                let why = "\(place.gateway): \(error.detail)"
                if why != reported, !Task.isCancelled { sink.yield(.lost(why)) }
                reported = why
            }
            if let refusal { return "\(place.gateway): refused, \(refusal)" }
            let wait = backoff.ended(after: begin.duration(to: clock.now))
            // Cancelled, it ends above.
            try? await clock.sleep(until: clock.now.advanced(by: wait))
        }
        return nil
    }
}

/// One line of what is followed over a local control socket.
enum LocalLine: Hashable {
    /// As it would come over a broker.
    case message(MqttMessage)
    case refused(String)
    case end

    /// - Returns: Nil for a line of another form, as a later version may send.
    init?(_ line: [UInt8], of gateway: GatewayName, prefix: String = "tidegate") {
        guard let document = JsonParser.document(line, .strict) else { return nil }
        if let why = document["refused"]?.text {
            self = .refused(why.printable(limit: 1_000))
        } else if document["end"]?.flag == true {
            self = .end
        } else {
            guard let topic = document["topic"]?.text, let message = document["message"] else {
                return nil
            }
            self = .message(
                MqttMessage(
                    topic: "\(prefix)/\(gateway)/\(topic)", payload: Array(message.bytes)))
        }
    }
}

import HTTPTypes
import Timing
import Vocabulary

/// What a page is sent as it happens: who this is, how all stands, then each change, and the journal's faults and
/// events with an identity from which the next connection goes on.
///
/// Source: WHATWG HTML, 9.2 Server-sent events.
public enum EventStream {
    /// How often the journal is looked at for new faults and events.
    static let period = Duration.seconds(2)
    /// How many faults and events are sent at once.
    private static let piece = 200

    /// The one route of it.
    public static func routes(_ service: any WebService, clock: any GatewayClock) -> [WebRoute] {
        [
            WebRoute(.get, "/api/v1/stream", right: .read) { request throws(WebProblem) in
                try request.target.check(["channels"])
                let wanted = request.target["channels"].map { text in
                    Set(text.split(separator: ",").map { "live/\($0)" })
                }
                let last = HTTPField.Name("Last-Event-ID").flatMap { request.fields[$0] }
                let stream = Stream(
                    service: service, request: request, wanted: wanted, clock: clock)
                var response = WebResponse(.ok, "text/event-stream", [])
                // A proxy that gathers an answer would hold all of it back.
                if let name = HTTPField.Name("X-Accel-Buffering") { response.fields[name] = "no" }
                response.body = .stream { send in await stream.run(after: last, send) }
                return response
            }
        ]
    }

    /// One event in the words of the protocol. The data is JSON without line ends.
    static func text(_ event: String, _ data: [UInt8], id: String? = nil) -> [UInt8] {
        Array("event: \(event)\n\(id.map { "id: \($0)\n" } ?? "")data: ".utf8) + data
            + Array("\n\n".utf8)
    }

    private struct Stream: Sendable {
        let service: any WebService
        let request: WebRequest
        /// The topics of the values that are wanted; nil for all.
        let wanted: Set<String>?
        let clock: any GatewayClock

        func run(after last: String?, _ send: @escaping WebResponse.Sink) async {
            // Where the journal stands before the snapshot, so that nothing falls between the two.
            let journal = await service.journal
            let hello = EventStream.text("hello", await service.about)
            guard await send(Array("retry: 2000\n\n".utf8) + hello),
                await send(EventStream.text("snapshot", await service.status))
            else { return }
            await withTaskGroup { group in
                group.addTask { await facts(after: last, journal, send) }
                group.addTask {
                    await service.follow("web \(request.requester.name)") { messages in
                        let bytes = text(of: messages)
                        return bytes.isEmpty ? !Task.isCancelled : await send(bytes)
                    }
                }
                // Either ends when the requester is gone or the gateway stops, and the other with it.
                _ = await group.next()
                group.cancelAll()
            }
        }

        private func text(of messages: [RecordPage.Item]) -> [UInt8] {
            var bytes: [UInt8] = []
            for item in messages {
                guard item.topic.hasPrefix("live/") else {
                    bytes += EventStream.text(item.topic, item.message)
                    continue
                }
                if wanted?.contains(item.topic) ?? true {
                    bytes += EventStream.text("live", item.message)
                }
            }
            return bytes
        }

        /// Sends the journal's faults and events after the last that the requester has.
        private func facts(
            after last: String?, _ journal: JournalExtent?, _ send: WebResponse.Sink
        ) async {
            var offset = journal?.newest ?? 0
            var identity = journal?.identity ?? ""
            if let last, let journal {
                let parts = last.split(separator: ".")
                if parts.count == 2, parts[0] == journal.identity, let known = UInt64(parts[1]),
                    known + 1 >= journal.oldest, known <= journal.newest
                {
                    offset = known
                } else {
                    guard await send(EventStream.text("gap", Array("{}".utf8))) else { return }
                }
            }
            let ticker = Ticker(every: EventStream.period, delay: .zero, clock: clock)
            while await ticker.next() != nil, request.mayStillAsk() {
                if identity.isEmpty {
                    // The journal may be opened later than this server.
                    guard let journal = await service.journal else { continue }
                    (identity, offset) = (journal.identity, journal.newest)
                }
                var hasMore = true
                while hasMore {
                    let query = RecordQuery(
                        kinds: [.fault, .event], after: offset, limit: EventStream.piece)
                    // A disk that does not answer is its own fault, and asked again.
                    guard let page = try? await service.records(query) else { break }
                    (offset, hasMore) = (page.next, page.hasMore)
                    guard !page.items.isEmpty else { continue }
                    guard await send(text(of: page, "\(identity).\(offset)")) else { return }
                }
            }
        }

        /// The identity goes with the last: one that got a part gets all of it again.
        private func text(of page: RecordPage, _ id: String) -> [UInt8] {
            var bytes: [UInt8] = []
            for (index, item) in page.items.enumerated() {
                let isLast = index == page.items.count - 1
                let data =
                    Array("{\"topic\":\"\(item.topic)\",\"message\":".utf8) + item.message
                    + [UInt8(ascii: "}")]
                bytes += EventStream.text("fact", data, id: isLast ? id : nil)
            }
            return bytes
        }
    }
}

/// Which journal it is, and which offsets it has.
public struct JournalExtent: Hashable, Sendable {
    /// Letters and digits.
    public let identity: String
    public let oldest: UInt64
    public let newest: UInt64

    public init(identity: String, oldest: UInt64, newest: UInt64) {
        (self.identity, self.oldest, self.newest) = (identity, oldest, newest)
    }
}

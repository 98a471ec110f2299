import Channels
import HTTPTypes
import HummingbirdCore
import NIOCore
import Vocabulary

/// Brings one request to the desk and its answer back: what Hummingbird calls for each request.
struct WebExchange: Sendable {
    let desk: WebDesk
    let limits: WebLimits
    let connections: WebConnections
    let clock: any GatewayClock
    /// Of an answer, the part that goes out at once. More waits for the requester to have taken it.
    private static let piece = 16 << 10
    /// How long a live stream waits for room; the gate closes a requester that takes nothing before that.
    private static let longestSend = Duration.seconds(60)

    func respond(
        to request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel
    ) async throws {
        let isHead = request.method == .head
        let response = await response(to: request, from: channel.remoteAddress?.ipAddress ?? "")
        var head = HTTPResponse(status: response.status, headerFields: response.fields)
        head.headerFields.append(contentsOf: WebResponse.security)
        switch response.body {
        case .bytes(let bytes):
            head.headerFields[.contentLength] = "\(bytes.count)"
            guard !isHead, !bytes.isEmpty else { return try await writer.writeResponse(head) }
            var out = try await writer.writeHead(head)
            for start in stride(from: 0, to: bytes.count, by: Self.piece) {
                let end = min(start + Self.piece, bytes.count)
                try await out.write(ByteBuffer(bytes: bytes[start..<end]))
            }
            try await out.finish(nil)
        case .stream(let work):
            guard !isHead else { return try await writer.writeResponse(head) }
            do {
                let out = try await writer.writeHead(head)
                try await stream(work, request.body, out)
            } catch {
                await connections.endStream()
                throw error
            }
            await connections.endStream()
        }
    }

    /// The answer, whatever is wrong with the request.
    private func response(to request: Request, from address: String) async -> WebResponse {
        let head = WebHead(
            method: request.method, path: request.head.path ?? "", fields: request.headers,
            host: request.head.authority ?? "", address: address)
        do throws(WebProblem) {
            let admission = try desk.admit(head)
            let body = try await body(of: request)
            await connections.count(.requests)
            let response = try await desk.answer(admission, body: body)
            if case .stream = response.body, request.method != .head,
                await !connections.beginStream()
            {
                throw .tooManyStreams
            }
            return response
        } catch {
            await connections.refuse(error, from: address)
            return error.response
        }
    }

    private func body(of request: Request) async throws(WebProblem) -> [UInt8] {
        // What can be sent without one has none.
        guard request.method != .get, request.method != .head else { return [] }
        do {
            let bytes = try await request.body.collect(upTo: limits.body)
            return Array(bytes.readableBytesView)
        } catch {
            throw .tooLarge
        }
    }

    /// Writes what `work` sends, one piece after the other, until it is done or the requester is gone.
    private func stream(
        _ work: @escaping @Sendable (@escaping WebResponse.Sink) async -> Void,
        _ body: RequestBody, _ writer: consuming some ResponseBodyWriter
    ) async throws {
        let pieces = WorkQueue<[UInt8]>("web stream", bound: 1, clock: clock)
        let taker = pieces.taker()
        var out = writer
        try await body.consumeWithInboundCloseHandler { _ in
            let working = Task {
                await work { bytes in
                    (try? await pieces.send(bytes, within: Self.longestSend)) != nil
                }
                pieces.close()
            }
            defer {
                working.cancel()
                pieces.close()
            }
            while let bytes = await taker.next() {
                try await out.write(ByteBuffer(bytes: bytes))
            }
        } onInboundClosed: {
            pieces.close()
        }
        try await out.finish(nil)
    }
}

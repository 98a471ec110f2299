import HTTPTypes
import NIOCore
import NIOHTTP1

/// How far the requests of one connection are. Pure.
struct RequestProgress: Hashable, Sendable {
    enum Phase: Hashable, Sendable {
        /// All that came is answered.
        case idle
        /// A request has begun and is not whole.
        case receiving
        /// All that came is whole, and not all is answered.
        case answering
    }

    private var begun = 0
    private var whole = 0
    private var answered = 0

    var phase: Phase { begun > whole ? .receiving : answered < whole ? .answering : .idle }

    /// Whether the request that began last is the only one without an answer.
    var isFirstInTurn: Bool { begun - answered == 1 }

    mutating func begin() { begun += 1 }
    mutating func complete() { whole += 1 }
    mutating func answer() { answered += 1 }
}

/// Stands between the bytes of one connection and the server: lets in what names this server, in time and in
/// proportion, and closes what does not.
///
/// A deadline is for a whole request: bytes that drip do not put it off. It runs from the opening of the connection,
/// through TLS, to the end of the first request, and from the end of each answer to the end of the next request.
final class WebGate: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// What the server learns of a connection, on its event loop.
    struct Events {
        /// False when there is no place for it.
        var opened: (any Channel) -> Bool = { _ in true }
        /// Whether it is idle from now on.
        var idle: (Bool) -> Void = { _ in }
        var refused: (_ why: String) -> Void = { _ in }
        var slow: (_ why: String) -> Void = { _ in }
        var closed: () -> Void = {}
    }

    private let limits: WebLimits
    private let hosts: HostList
    private let events: Events
    private var alarm: Scheduled<Void>?
    private var progress = RequestProgress()
    private var bodyBytes = 0
    private var isOpen = false
    /// Nothing more of it is read or answered.
    private var isEnding = false

    init(_ limits: WebLimits, hosts: HostList, events: Events = Events()) {
        (self.limits, self.hosts, self.events) = (limits, hosts, events)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        isOpen = events.opened(context.channel)
        guard isOpen else {
            isEnding = true
            return context.close(promise: nil)
        }
        arm(limits.request, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        alarm?.cancel()
        guard isOpen else { return }
        isOpen = false
        events.closed()
    }

    // MARK: - In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isEnding else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            bodyBytes = 0
            step(context) { $0.begin() }
            if let problem = problem(of: head, context) { return refuse(problem, context) }
        case .body(let bytes):
            bodyBytes += bytes.readableBytes
            guard bodyBytes <= limits.body else { return refuse(.tooLarge, context) }
        case .end: step(context) { $0.complete() }
        }
        context.fireChannelRead(data)
    }

    /// First of all, whom it is for.
    private func problem(
        of head: HTTPRequestHead, _ context: ChannelHandlerContext
    ) -> WebProblem? {
        let named = head.headers["host"]
        guard named.count == 1, let host = named.first else { return .noHost }
        let local = context.channel.localAddress
        guard hosts.knows(host, at: local?.ipAddress, local?.port) else { return .otherHost }
        if !head.uri.hasPrefix("/") {
            // The form for proxies: it has to be for the same.
            let parts = head.uri.split(
                separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count == 4, ["http:", "https:"].contains(parts[0].lowercased()),
                parts[1].isEmpty
            else { return .malformed }
            guard parts[2].lowercased() == host.lowercased() else { return .otherHost }
        }
        let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        return length > limits.body ? .tooLarge : nil
    }

    /// Answers by itself, and ends the connection.
    private func refuse(_ problem: WebProblem, _ context: ChannelHandlerContext) {
        isEnding = true
        events.refused(problem.title)
        let response = problem.response
        guard progress.isFirstInTurn, case .bytes(let bytes) = response.body else {
            return context.close(promise: nil)
        }
        var headers = HTTPHeaders()
        for fields in [response.fields, WebResponse.security] {
            for field in fields { headers.add(name: field.name.rawName, value: field.value) }
        }
        headers.add(name: "Content-Length", value: "\(bytes.count)")
        headers.add(name: "Connection", value: "close")
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: response.status.code),
            headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(
            wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    // MARK: - Out

    func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        // What was refused here has its answer already.
        guard !isEnding else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        if case .end = unwrapOutboundIn(data) { step(context) { $0.answer() } }
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if !context.channel.isWritable {
            // One that sends a request meanwhile has a deadline for that.
            if progress.phase != .receiving { arm(limits.write, context) }
        } else if progress.phase == .idle {
            arm(limits.request, context)
        } else if progress.phase == .answering {
            alarm?.cancel()
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: - Time

    private func step(
        _ context: ChannelHandlerContext, _ change: (inout RequestProgress) -> Void
    ) {
        let before = progress.phase
        change(&progress)
        let after = progress.phase
        guard before != after else { return }
        if before == .idle || after == .idle { events.idle(after == .idle) }
        switch (before, after) {
        // The deadline of the next request runs already.
        case (.idle, .receiving): break
        case (_, .answering): alarm?.cancel()
        default: arm(limits.request, context)
        }
    }

    private func arm(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        alarm?.cancel()
        let bound = context.loopBound
        alarm = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in
            self?.expire(bound.value)
        }
    }

    private func expire(_ context: ChannelHandlerContext) {
        if !context.channel.isWritable {
            events.slow("took nothing of its answer")
        } else if progress.phase == .receiving {
            events.slow("its request did not end")
        }
        // A connection that is kept and not used is nobody's fault.
        isEnding = true
        context.close(promise: nil)
    }
}

import DequeModule
import NIOCore
import Vocabulary

/// The rules of one connection: hello, slots, acknowledgements, answers by identity, a time limit for
/// each message, probes and ageing. A pure machine: bytes, posts and `now` in, actions out.
struct PeerConversation: Sendable {
    private struct Pending {
        let id: Int
        let isStream: Bool
        let deadline: MonotonicInstant
    }

    private struct Flight {
        let id: Int?
        let identity: ChirpIdentity
        let deadline: MonotonicInstant
    }

    /// Bytes that may be owed to the other side before nothing more is read from it: who does not take
    /// what it asks for must not fill our memory.
    static let mostOwed = 256 << 10

    let settings: PeerSettings
    /// Whether the connection was opened by us, and whether without TLS.
    let (isDialled, isPlain): (Bool, Bool)
    private var decoder: ChirpDecoder
    private var serial: UInt32
    private let helloDeadline: MonotonicInstant
    private(set) var lastUsed: MonotonicInstant
    /// The one message that a synchronous node has on its way.
    private var flight: Flight?
    private var pending: [ChirpIdentity: Pending] = [:]
    private var waiting: Deque<Post> = []
    /// What goes out beside the others, when no more bytes may be handed over for now.
    private var replies: Deque<Post> = []
    private var taken: [Slot: (identity: ChirpIdentity, isOwedAcknowledgement: Bool)] = [:]
    private var nextSlot = 0
    private var isReading = true
    private var isDecoding = false
    private var canWrite = true
    private(set) var writes = PeerWrites()
    /// No post's time is up before this.
    private var earliest: MonotonicInstant?
    /// Streams that the owner feeds; a connection that has one is in use.
    var holds = 0
    private(set) var isClosed = false
    private var actions: [Action] = []

    /// - Parameter serial: The first frame's; random.
    init(
        settings: PeerSettings, serial: UInt32, isDialled: Bool = false, isPlain: Bool = true,
        at now: MonotonicInstant
    ) {
        (self.settings, self.isDialled, self.isPlain) = (settings, isDialled, isPlain)
        self.serial = serial
        // Peers that dial us ask; only where we dial may answers be long.
        let isLong = isDialled || settings.echoes
        decoder = ChirpDecoder(
            sizeLimit: settings.sizeLimit,
            keepLimit: isLong
                ? settings.sizeLimit : settings.questionLimit + PeerHeader.headerSize)
        helloDeadline = now.advanced(by: settings.helloTime)
        lastUsed = now
    }

    /// What the other side has said of itself; nil until it has.
    var hello: ChirpHello? { decoder.hello }

    /// Bytes that are not taken yet.
    var held: ByteBuffer { decoder.held }

    /// What is to be done since the last call.
    mutating func takeActions() -> [Action] {
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    var hasActions: Bool { !actions.isEmpty }

    /// When the owner owes the next `tick`; nil when never.
    var deadline: MonotonicInstant? {
        guard !isClosed else { return nil }
        let ofWrites = writes.oldest?.advanced(by: settings.timeout)
        let ofHello = decoder.hello == nil ? helloDeadline : nil
        return Self.first(Self.first(earliest, ofWrites), Self.first(ofHello, ageDeadline))
    }

    private static func first(
        _ one: MonotonicInstant?, _ other: MonotonicInstant?
    ) -> MonotonicInstant? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    private var ageDeadline: MonotonicInstant? {
        let isIdle =
            flight == nil && pending.isEmpty && waiting.isEmpty && replies.isEmpty && taken.isEmpty
            && holds == 0
        return isIdle ? lastUsed.advanced(by: settings.reuseTime) : nil
    }

    // MARK: - Sending

    /// Says hello. Goes before all else, and alone: libchirp takes it in one read or not at all.
    mutating func greet(_ hello: ChirpHello, at now: MonotonicInstant) {
        var buffer = ByteBuffer()
        hello.write(to: &buffer)
        write(buffer, for: nil, at: now)
    }

    /// Sends one message, or has it wait for its turn.
    mutating func post(_ post: Post, at now: MonotonicInstant) {
        guard !isClosed else {
            return settle(post.id, PeerError(.unreachable, "the connection is closed; not sent"))
        }
        guard post.message.size <= settings.sizeLimit else {
            return settle(
                post.id,
                PeerError(
                    .tooLarge,
                    "\(post.message.size) bytes; a message has at most \(settings.sizeLimit)"))
        }
        guard post.id != nil else {
            writes.owed += size(post)
            guard canWrite, replies.isEmpty else { return replies.append(post) }
            return send(post, at: now)
        }
        guard canSend, waiting.isEmpty else {
            guard waiting.count < PeerSettings.queueLimit else {
                return settle(
                    post.id,
                    PeerError(.busy, "\(waiting.count) messages are queued already; not sent"))
            }
            note(post.deadline)
            return waiting.append(post)
        }
        send(post, at: now)
    }

    /// Whether a single answer is awaited, so that nothing is about to follow what goes out.
    var isLone: Bool { pending.count == 1 }

    private var canSend: Bool {
        canWrite && pending.count < PeerSettings.queueLimit
            && (settings.mode == .asynchronous || flight == nil)
    }

    private func size(_ post: Post) -> Int { ChirpFrame.size + post.message.size }

    private mutating func pump(at now: MonotonicInstant) {
        while canWrite, let reply = replies.popFirst() { send(reply, at: now) }
        while canSend, let post = waiting.popFirst() { send(post, at: now) }
    }

    private mutating func send(_ post: Post, at now: MonotonicInstant) {
        let identity = post.message.identity
        if let id = post.id, post.awaited != .delivery {
            guard pending[identity] == nil else {
                return settle(id, PeerError(.busy, "identity \(identity) is in use"))
            }
            pending[identity] = Pending(
                id: id, isStream: post.awaited == .stream, deadline: post.deadline)
            note(post.deadline)
        }
        if lastUsed.duration(to: now) > settings.reuseTime * 3 / 4 {
            write(bare(.probe, .zero), for: nil, at: now)
        }
        let isSynchronous = settings.mode == .synchronous && post.id != nil
        let frame = ChirpFrame(
            identity: identity, serial: nextSerial(),
            kind: isSynchronous ? .wantsAcknowledgement : [], header: post.message.header,
            data: post.message.data)
        var buffer = ByteBuffer()
        buffer.reserveCapacity(ChirpFrame.size + post.message.size)
        frame.write(to: &buffer)
        let awaitsDelivery = post.awaited == .delivery
        if isSynchronous {
            flight = Flight(
                id: awaitsDelivery ? post.id : nil, identity: identity, deadline: post.deadline)
            note(post.deadline)
        }
        write(
            buffer, for: awaitsDelivery && !isSynchronous ? post.id : nil,
            owed: post.id == nil ? size(post) : 0, at: now)
        lastUsed = now
    }

    private mutating func bare(_ kind: ChirpFrame.Kind, _ identity: ChirpIdentity) -> ByteBuffer {
        var buffer = ByteBuffer()
        ChirpFrame(identity: identity, serial: nextSerial(), kind: kind).write(to: &buffer)
        return buffer
    }

    private mutating func nextSerial() -> UInt32 {
        defer { serial &+= 1 }
        return serial
    }

    private mutating func write(
        _ buffer: ByteBuffer, for id: Int?, owed: Int = 0, at now: MonotonicInstant
    ) {
        writes.add(for: id, owed: owed, at: now)
        actions.append(.write(buffer))
    }

    /// The operating system has taken everything up to write number `count`.
    mutating func written(through count: Int, at now: MonotonicInstant) {
        while let write = writes.take(through: count) {
            if let id = write.id { actions.append(.settle(id, .success(nil))) }
        }
        readOn(at: now)
    }

    /// Whether more bytes may be handed over for now.
    mutating func writability(_ canWrite: Bool, at now: MonotonicInstant) {
        self.canWrite = canWrite
        pump(at: now)
        readOn(at: now)
    }

    // MARK: - Receiving

    mutating func receive(_ bytes: ByteBuffer, at now: MonotonicInstant) {
        guard !isClosed else { return }
        decoder.append(bytes)
        if let misfit { return fail(misfit) }
        decode(at: now)
    }

    /// The message in `slot` is done with: it is acknowledged, and the next may come.
    mutating func release(_ slot: Slot, at now: MonotonicInstant) {
        guard let place = taken.removeValue(forKey: slot), !isClosed else { return }
        lastUsed = now
        if place.isOwedAcknowledgement {
            writes.owed += ChirpFrame.size
            write(
                bare(.acknowledgement, place.identity), for: nil, owed: ChirpFrame.size, at: now)
        }
        readOn(at: now)
    }

    /// Whether there is room for another message: a slot, and what it may cause.
    private var hasRoom: Bool { taken.count < settings.slots && writes.owed < Self.mostOwed }

    private mutating func readOn(at now: MonotonicInstant) {
        if !isReading, !isDecoding, !isClosed { decode(at: now) }
    }

    private mutating func decode(at now: MonotonicInstant) {
        if decoder.hello == nil, decoder.nextHello() == nil { return }
        isDecoding = true
        defer { isDecoding = false }
        do throws(PeerError) {
            while !isClosed, hasRoom, let frame = try decoder.nextFrame() {
                lastUsed = now
                take(frame, at: now)
            }
        } catch {
            return fail(error)
        }
        let mayRead = hasRoom
        guard mayRead != isReading, !isClosed else { return }
        isReading = mayRead
        actions.append(.read(mayRead))
    }

    private mutating func take(_ frame: ChirpFrame, at now: MonotonicInstant) {
        if frame.kind.contains(.acknowledgement) { return acknowledged(frame.identity, at: now) }
        if frame.kind.contains(.probe) { return }
        let slot = nextSlot
        nextSlot += 1
        taken[slot] = (frame.identity, frame.kind.contains(.wantsAcknowledgement))
        let message = PeerMessage(
            identity: frame.identity, header: frame.header, data: frame.data, isCut: frame.isCut)
        guard let asked = pending[frame.identity] else {
            return actions.append(.deliver(message, slot))
        }
        if asked.isStream { return actions.append(.news(asked.id, message, slot)) }
        pending[frame.identity] = nil
        actions.append(.settle(asked.id, .success(message)))
        release(slot, at: now)
        pump(at: now)
    }

    private mutating func acknowledged(_ identity: ChirpIdentity, at now: MonotonicInstant) {
        guard let flight, flight.identity == identity else {
            return actions.append(.lateAcknowledgement)
        }
        self.flight = nil
        if let id = flight.id { actions.append(.settle(id, .success(nil))) }
        pump(at: now)
    }

    // MARK: - Time and end

    /// Time has passed: whatever is overdue fails, each message for itself.
    mutating func tick(at now: MonotonicInstant) {
        guard !isClosed else { return }
        if decoder.hello == nil, helloDeadline <= now {
            return fail(
                PeerError(.timedOut, "no hello within \(settings.helloTime.layoutText)"))
        }
        // Each write has its own limit, so that who takes a little now and then does not stay without a limit.
        if let oldest = writes.oldest, oldest.advanced(by: settings.timeout) <= now {
            return fail(
                PeerError(.lost, "accepted no bytes for \(settings.timeout.layoutText)"))
        }
        failOverdue(at: now)
        pump(at: now)
        if let age = ageDeadline, age <= now {
            isClosed = true
            actions.append(.close(nil))
        }
    }

    private mutating func failOverdue(at now: MonotonicInstant) {
        guard let first = earliest, first <= now else { return }
        earliest = nil
        for (identity, one) in pending where !one.isStream {
            if one.deadline <= now {
                pending[identity] = nil
                settle(one.id, PeerError(.timedOut, "no answer before the timeout"))
            } else {
                note(one.deadline)
            }
        }
        if let flight {
            if flight.deadline <= now {
                self.flight = nil
                settle(flight.id, PeerError(.timedOut, "not acknowledged before the timeout"))
            } else {
                note(flight.deadline)
            }
        }
        for post in waiting {
            guard post.deadline <= now else {
                note(post.deadline)
                continue
            }
            settle(post.id, PeerError(.busy, "timed out in the queue; not sent"))
        }
        waiting.removeAll { $0.deadline <= now }
    }

    private mutating func note(_ deadline: MonotonicInstant) {
        earliest = min(earliest ?? deadline, deadline)
    }

    /// The sender does not wait any more. A late answer is a message like any other.
    ///
    /// - Returns: Whether it was never sent.
    @discardableResult
    mutating func forget(_ id: Int) -> Bool {
        let count = waiting.count
        waiting.removeAll { $0.id == id }
        guard waiting.count == count else { return true }
        if let identity = pending.first(where: { $0.value.id == id })?.key {
            pending[identity] = nil
        }
        return false
    }

    /// The connection is gone; every post that is left gets its outcome.
    ///
    /// - Parameter error: What was wrong; nil for an end that came by itself.
    /// - Returns: What it means, given what was received; nil for an end in good order.
    @discardableResult
    mutating func ended(_ error: PeerError?) -> PeerError? {
        isClosed = true
        let error = cause(error)
        let lost = error ?? PeerError(.lost, "the peer ended the connection")
        let unsent = PeerError(
            lost.kind == .lost ? .unreachable : lost.kind, "\(lost.detail); not sent")
        if let flight { settle(flight.id, lost) }
        for one in pending.values { settle(one.id, lost) }
        while let write = writes.take(through: .max) { settle(write.id, lost) }
        for post in waiting { settle(post.id, unsent) }
        (flight, pending, waiting, replies) = (nil, [:], [], [])
        taken.removeAll()
        return error
    }

    private mutating func fail(_ error: PeerError) {
        isClosed = true
        actions.append(.close(error))
    }

    private mutating func settle(_ id: Int?, _ error: PeerError) {
        if let id { actions.append(.settle(id, .failure(error))) }
    }
}

import NIOCore
import Vocabulary

// The layer above the wire: questions, answers and watches.
extension PeerNode {
    /// Questions that may be in work at once, on all connections together.
    private static let questionLimit = 64
    /// Watches that one connection may have.
    private static let watchLimit = 4

    /// A message that answers nothing of ours.
    func deliver(
        _ message: PeerMessage, _ slot: PeerConversation.Slot, _ connection: PeerConnection
    ) {
        guard let word = PeerHeader(message.header) else {
            if settings.echoes { reply(message, connection) } else { stray(connection) }
            return connection.conversation.release(slot, at: clock.now)
        }
        switch word.kind {
        case .question: answer(message, slot, connection)
        case .end:
            endWatch(message.identity, connection)
            connection.conversation.release(slot, at: clock.now)
        // What was asked for is forgotten already.
        case .answer, .news:
            stray(connection)
            connection.conversation.release(slot, at: clock.now)
        }
    }

    private func stray(_ connection: PeerConnection) {
        if let requester = connection.requester { note(requester) { $0.counts[.dropped] += 1 } }
    }

    private func answer(
        _ message: PeerMessage, _ slot: PeerConversation.Slot, _ connection: PeerConnection
    ) {
        func refuse(_ why: String) {
            reply(PeerHeader(.answer).message(message.identity, PeerRefusal(why).text), connection)
            connection.conversation.release(slot, at: clock.now)
        }
        guard let service else { return refuse("this node answers no requests") }
        guard let requester = requester(now: connection) else { return }
        // Nothing of a peer without rights is read, and nothing that is too long to be one.
        guard !requester.rights.isEmpty else { return refuse("\(requester) has no rights") }
        guard message.data.readableBytes <= settings.questionLimit, !message.isCut else {
            return refuse("a request has at most \(settings.questionLimit) bytes")
        }
        let question: PeerQuestion
        do throws(PeerRefusal) {
            question = try PeerQuestion.read(Array(message.data.readableBytesView))
        } catch {
            return refuse(error.why)
        }
        guard requester.rights.contains(question.right) else {
            return refuse("\(requester) has no right to \(question.right.rawValue)")
        }
        if question == .watch {
            guard connection.watches.count < Self.watchLimit else {
                return refuse("\(Self.watchLimit) watches on one connection are the limit")
            }
            connection.conversation.release(slot, at: clock.now)
            return startWatch(message.identity, service, requester, connection)
        }
        guard questions < Self.questionLimit else {
            return refuse("busy with \(questions) requests, try again")
        }
        questions += 1
        note(requester) { $0.counts[.received] += 1 }
        let id = connection.id
        Task {
            let text = await service.answer(question, from: requester)
            self.answered(id, message.identity, slot, text)
        }
    }

    /// Who asks, with the rights that it has by now.
    ///
    /// - Returns: Nil when it is on the list no more, and its connection was closed.
    private func requester(now connection: PeerConnection) -> PeerRequester? {
        guard let tls, let bearer = connection.bearer else { return connection.requester }
        let problem = bearer.validity.problem(on: clock)
        guard let entry = tls.entry(of: bearer), problem == nil else {
            let why = problem ?? "is no longer on our list"
            ended(connection.id, PeerError(.notTrusted, "its certificate \(why)"))
            connection.channel.close(promise: nil)
            return nil
        }
        let requester = PeerRequester(name: entry.name, rights: entry.rights)
        connection.requester = requester
        return requester
    }

    private func answered(
        _ id: Int, _ identity: ChirpIdentity, _ slot: PeerConversation.Slot, _ text: [UInt8]
    ) {
        questions -= 1
        guard let connection = connections[id] else { return }
        if let requester = connection.requester { note(requester) { $0.counts[.sent] += 1 } }
        reply(PeerHeader(.answer).message(identity, text), connection)
        connection.conversation.release(slot, at: clock.now)
        act(connection)
    }

    /// Sends without waiting for what becomes of it. The answer goes out before the question is
    /// acknowledged, and neither waits for the other side's acknowledgement.
    private func reply(_ message: PeerMessage, _ connection: PeerConnection) {
        let now = clock.now
        let most = settings.sizeLimit
        if message.size > most {
            log(
                "\(connection.address): an answer of \(message.size) bytes was not sent; "
                    + "at most \(most) are")
        }
        connection.conversation.post(
            PeerConversation.Post(
                id: nil, message: message.refusedBeyond(most), awaited: .delivery,
                deadline: now.advanced(by: settings.timeout)), at: now)
    }

    // MARK: - Feeding a peer that watches

    private func startWatch(
        _ identity: ChirpIdentity, _ service: any PeerService, _ requester: PeerRequester,
        _ connection: PeerConnection
    ) {
        guard connection.watches[identity] == nil else { return }
        connection.conversation.holds += 1
        let (id, serial) = (connection.id, newID())
        let task = Task {
            let news = await service.watch(from: requester)
            feeding: while !Task.isCancelled, let texts = await news.next() {
                for text in texts {
                    let message = PeerHeader(.news).message(identity, text)
                    guard await self.feed(message, to: id) else { break feeding }
                }
            }
            self.fed(identity, serial, id)
        }
        connection.watches[identity] = (serial, task)
    }

    /// - Returns: Whether it has gone out, or may be left out.
    private func feed(_ message: PeerMessage, to id: Int) async -> Bool {
        guard !Task.isCancelled, let connection = connections[id],
            requester(now: connection)?.rights.contains(.read) == true
        else { return false }
        let post = newID()
        let now = clock.now
        let outcome: Outcome = await withCheckedContinuation { continuation in
            requesters[post] = .once(continuation)
            connection.conversation.post(
                PeerConversation.Post(
                    id: post, message: message, awaited: .delivery,
                    deadline: now.advanced(by: settings.timeout)), at: now)
            act(connection)
        }
        switch outcome {
        case .success: return true
        case .failure(let error) where error.kind == .tooLarge:
            // The next may be smaller.
            log("\(connection.address): events were dropped, \(error.detail)")
            if let requester = connection.requester { note(requester) { $0.counts[.dropped] += 1 } }
            return true
        case .failure: return false
        }
    }

    /// A watch of ours has come to its end, by itself or because what it sends is not taken.
    private func fed(_ identity: ChirpIdentity, _ serial: Int, _ id: Int) {
        guard let connection = connections[id], connection.watches[identity]?.serial == serial
        else { return }
        connection.watches[identity] = nil
        connection.conversation.holds -= 1
        reply(PeerHeader(.end).message(identity), connection)
        act(connection)
    }

    /// The other side does not watch any more.
    private func endWatch(_ identity: ChirpIdentity, _ connection: PeerConnection) {
        guard let watch = connection.watches.removeValue(forKey: identity) else { return }
        connection.conversation.holds -= 1
        watch.task.cancel()
    }
}

import Vocabulary

/// One question on its way through a mailbox. Whoever takes it answers it once; one that is let go
/// without an answer counts as failed, so that no asker waits for nothing.
public final class Question<Request: Sendable, Answer: Sendable>: Sendable {
    public let request: Request
    /// Follows the question and its answer through all logs.
    public let id: CommandID
    /// The asker is gone by then; what it asked for is not to be begun any more.
    public let deadline: MonotonicInstant
    private let mailbox: Mailbox<Request, Answer>
    private let serial: Int

    init(
        _ request: Request, id: CommandID, deadline: MonotonicInstant,
        mailbox: Mailbox<Request, Answer>, serial: Int
    ) {
        (self.request, self.id, self.deadline) = (request, id, deadline)
        (self.mailbox, self.serial) = (mailbox, serial)
    }

    /// Gives the answer and frees the question's place.
    ///
    /// - Returns: Whether somebody got it; false when it came late or was not the first.
    @discardableResult
    public func answer(_ answer: Answer) -> Bool { mailbox.settle(serial, .success(answer)) }

    /// Tells the asker what went wrong and frees the question's place.
    @discardableResult
    public func fail(_ error: some Error) -> Bool {
        let error =
            error as? ChannelError
            ?? ChannelError(kind: .failed, detail: "\(mailbox.name): \(id): \(error)")
        return mailbox.settle(serial, .failure(error))
    }

    deinit {
        let error = ChannelError(
            kind: .failed, detail: "\(mailbox.name): \(id) was let go without an answer")
        mailbox.settle(serial, .failure(error))
    }
}

import Vocabulary

/// One question on its way through a request queue. Its taker answers it once; one that is released
/// without an answer counts as failed, so that no requester waits for nothing.
public final class Question<Request: Sendable, Answer: Sendable>: Sendable {
    public let request: Request
    /// Follows the question and its answer through all logs.
    public let id: CommandID
    /// The requester is gone by then; what it asked for is not to be begun any more.
    public let deadline: MonotonicInstant
    private let requestQueue: RequestQueue<Request, Answer>
    private let serial: Int

    init(
        _ request: Request, id: CommandID, deadline: MonotonicInstant,
        requestQueue: RequestQueue<Request, Answer>, serial: Int
    ) {
        (self.request, self.id, self.deadline) = (request, id, deadline)
        (self.requestQueue, self.serial) = (requestQueue, serial)
    }

    /// Gives the answer and frees the question's place.
    ///
    /// - Returns: Whether the requester got it; false when it came late or was not the first.
    @discardableResult
    public func answer(_ answer: Answer) -> Bool { requestQueue.settle(serial, .success(answer)) }

    /// Answers with what went wrong and frees the question's place.
    @discardableResult
    public func fail(_ error: some Error) -> Bool {
        let error =
            error as? ChannelError
            ?? ChannelError(kind: .failed, detail: "\(requestQueue.name): \(id): \(error)")
        return requestQueue.settle(serial, .failure(error))
    }

    deinit {
        let error = ChannelError(
            kind: .failed, detail: "\(requestQueue.name): \(id) was dropped without an answer")
        requestQueue.settle(serial, .failure(error))
    }
}

import Vocabulary

/// The result of `work`, or nil when it is not there after `limit`.
///
/// Work that hangs, as a node does whose hardware never answers, is left behind and cannot hold the
/// caller: it goes on alone, and what it returns later is dropped.
@discardableResult
public func within<Result: Sendable>(
    _ limit: Duration, on clock: any GatewayClock,
    _ work: @escaping @Sendable () async -> Result
) async -> Result? {
    let deadline = clock.now.advanced(by: limit)
    return await withCheckedContinuation { continuation in
        let answer = Oneshot(continuation)
        let alarm = Task {
            guard (try? await clock.sleep(until: deadline)) != nil else { return }
            answer.give(nil)
        }
        Task {
            answer.give(await work())
            alarm.cancel()
        }
    }
}

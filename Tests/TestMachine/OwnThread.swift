import Dispatch
import Foundation
import Synchronization
import Testing

/// A thread of its own for each test, which may then compute for long or wait in the kernel, for a child
/// for example.
///
/// All other tests share the few threads of the task pool, as many as there are processors. Two tests
/// that keep those leave none, and whatever waits for a time limit meanwhile is over it.
public struct OwnThreadTrait: TestTrait, SuiteTrait, TestScoping {
    /// Each test of a suite has one.
    public let isRecursive = true

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let thread = OwnThread(name: test.name)
        defer { thread.end() }
        try await withTaskExecutorPreference(thread) { try await function() }
    }
}

extension Trait where Self == OwnThreadTrait {
    /// For what computes for more than a moment, or blocks.
    public static var ownThread: Self { Self() }
}

/// Runs tasks one at a time on one thread, which ends as a test sets it.
private final class OwnThread: TaskExecutor {
    private let state = Mutex<(jobs: [UnownedJob], isOver: Bool)>(([], false))
    private let wakeup = DispatchSemaphore(value: 0)

    init(name: String) {
        let thread = Thread { self.run() }
        thread.name = name
        // As the main thread has it.
        thread.stackSize = 8 << 20
        thread.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wakeup.signal()
    }

    func end() {
        state.withLock { $0.isOver = true }
        wakeup.signal()
    }

    private func run() {
        while true {
            wakeup.wait()
            let (jobs, isOver) = state.withLock { state in
                defer { state.jobs.removeAll() }
                return (state.jobs, state.isOver)
            }
            for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
            if jobs.isEmpty && isOver { return }
        }
    }
}

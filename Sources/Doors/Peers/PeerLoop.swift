import NIOCore

/// An event loop as the place where tasks run. They must never block.
public final class PeerLoop: TaskExecutor {
    private let loop: any EventLoop
    private let executor: any SerialExecutor

    init(_ loop: any EventLoop) {
        self.loop = loop
        executor = loop.executor
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { [self] in
            // Sound: the job is run once, on the loop that its task is isolated to, and both executors live
            // through the call.
            unsafe job.runSynchronously(
                isolatedTo: executor.asUnownedSerialExecutor(),
                taskExecutor: asUnownedTaskExecutor())
        }
    }
}

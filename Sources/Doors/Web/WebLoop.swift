import NIOCore
import NIOPosix

/// The event loop of the web server, a thread of its own, as the place where its tasks run. They must never block.
final class WebLoop: TaskExecutor {
    /// Made when a server is first made, and kept for as long as the process runs.
    static let shared = WebLoop()

    let group: MultiThreadedEventLoopGroup
    let loop: any EventLoop

    private init() {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        loop = group.next()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { [self] in
            // Sound: the job is run once, and this executor is never freed.
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}

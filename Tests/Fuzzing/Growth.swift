import Glibc

/// How the time that a piece of work takes grows with its input.
public enum Growth {
    /// Processor time of this thread that `work` takes, which other programs and tests do not lengthen. It must
    /// stay on its thread.
    public static func time(of work: () -> Void) -> Duration {
        let start = used()
        work()
        return used() - start
    }

    /// How many times as long the large input takes as the small one. The first run, which is slower, is not
    /// counted.
    ///
    /// - Parameter bound: What is not below it is measured again, a few times: others on the processor cost a thread
    ///   time of its own, because they take its caches.
    public static func factor<Input>(
        from small: Input, to large: Input, below bound: Double, _ work: (Input) -> Void
    ) -> Double {
        work(small)
        var least = Double.infinity
        for _ in 0..<4 where least >= bound {
            let before = (0..<3).map { _ in time { work(small) } }.min() ?? .zero
            least = min(least, time { work(large) } / max(before, .microseconds(1)))
        }
        return least
    }

    private static func used() -> Duration {
        var time = timespec()
        // Sound: the call fills in `time`, which lives on this stack.
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

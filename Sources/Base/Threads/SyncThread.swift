import CLinux
import Glibc
import Synchronization
import Vocabulary

/// One named thread that code may block, and the executor of the actor that owns it.
///
/// Between the actor's jobs it runs the rounds that the actor asked for and sleeps in `ppoll(2)` until
/// the next one is due, a job arrives, or a watched descriptor becomes readable. Any thread may
/// enqueue jobs; they are never lost or reordered, and their number is bounded by who awaits them.
public final class SyncThread: SerialExecutor, Alarm {
    /// How long a thread may rest after a round.
    public struct Rest: Sendable {
        /// When the next round is due; nil for never.
        public let until: MonotonicInstant?
        /// A descriptor that ends the rest when it becomes readable.
        public let watching: Int32?

        public init(until: MonotonicInstant?, watching: Int32? = nil) {
            self.until = until
            self.watching = watching
        }
    }

    /// Stack of one thread, in bytes: at least four times the most that any driver was seen to touch,
    /// 24 KiB on 64-bit x86 in a release build, with what the C library keeps on each stack; 36 KiB in a
    /// debug build. `make stack` measures it again.
    public static let defaultStackSize = 128 * 1024

    private struct State {
        var jobs: [UnownedJob] = []
        var round: (@Sendable () -> Rest)?
        /// Whether the round was not asked since it began.
        var isRoundNew = false
        var isResting = false
        var isEnding = false
    }

    public let name: String
    private let clock: any GatewayClock
    private let state = Guarded(State())
    /// The thread's pthread_t once it runs; 0 before.
    private let identity = Atomic<UInt>(0)
    /// The kernel's number of the thread; 0 before it runs.
    private let number = Atomic<pid_t>(0)
    private let wakeup = Wakeup()
    private let lack = Guarded<ThreadError?>(nil)

    /// Starts the thread. It lives until `end()`. While the system has none to give, jobs and rounds wait, as
    /// they do for one that hangs, and it is tried again.
    ///
    /// - Parameters:
    ///   - name: Shown by `top -H` and debuggers, cut to 15 bytes.
    ///   - stackSize: In bytes, at least 64 KiB.
    ///   - leaves: How many more threads must be possible beside this one.
    public init(
        name: String, clock: any GatewayClock, stackSize: Int = SyncThread.defaultStackSize,
        leaves: Int = 0
    ) {
        (self.name, self.clock) = (name, clock)
        startThread(
            ThreadPlan(name: name, stackSize: stackSize, leaves: leaves), on: clock,
            lacks: { error in self.lack.withLock { $0 = error } }
        ) { self.run() }
    }

    /// Why there is no thread; nil when there is one.
    public var lacks: ThreadError? { lack.withLock(\.self) }

    /// Has `round` called on the thread: at once, whenever its rest is over, and after each job.
    public func begin(_ round: @escaping @Sendable () -> Rest) {
        change { ($0.round, $0.isRoundNew) = (round, true) }
    }

    /// Stops the rounds. Jobs still run.
    public func pause() {
        change { $0.round = nil }
    }

    /// Lets the thread go after the jobs it has. The actor that it executes must be gone or idle.
    public func end() {
        change { $0.isEnding = true }
    }

    /// Whether the thread has something to do and waits for nothing but a processor. A question to the
    /// kernel, for one who wonders why it does not come back.
    public var isRunnable: Bool {
        let number = number.load(ordering: .acquiring)
        return number != 0 && Threads.isRunnable(thread: number)
    }

    /// Wakes the thread out of its rest.
    public func wake() { wakeup.wake() }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        change { $0.jobs.append(job) }
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        // Sound: the actor that runs on this executor keeps it alive.
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    public func checkIsolated() {
        precondition(isCurrent, "must run on thread \(name)")
    }

    public func isIsolatingCurrentContext() -> Bool? { isCurrent }

    private var isCurrent: Bool {
        pthread_equal(identity.load(ordering: .acquiring), pthread_self()) != 0
    }

    private func change(_ body: (inout State) -> Void) {
        let mustWake = state.withLock { state in
            body(&state)
            defer { state.isResting = false }
            return state.isResting
        }
        if mustWake { wake() }
    }

    private func run() {
        identity.store(pthread_self(), ordering: .releasing)
        number.store(tidegate_thread_id(), ordering: .releasing)
        while true {
            let (jobs, isEnding) = state.withLock { state in
                defer { state.jobs.removeAll(keepingCapacity: true) }
                return (state.jobs, state.isEnding)
            }
            for job in jobs {
                // Sound: the job was enqueued for this executor and is run once.
                unsafe job.runSynchronously(on: asUnownedSerialExecutor())
            }
            if isEnding && jobs.isEmpty {
                _ = clock.allowance(until: nil, alarm: self)
                return
            }
            // Asked for after the jobs, one of which may have been the one to begin the rounds.
            let round = state.withLock { state in
                state.isRoundNew = false
                return state.round
            }
            let rest = round?() ?? Rest(until: nil)
            let mayRest = state.withLock { state in
                // Rounds that began during this one have not had their turn.
                state.isResting = state.jobs.isEmpty && !state.isEnding && !state.isRoundNew
                return state.isResting
            }
            if mayRest { take(rest) }
        }
    }

    private func take(_ rest: Rest) {
        let allowance = clock.allowance(until: rest.until, alarm: self)
        var descriptors = [pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)]
        if let watching = rest.watching {
            descriptors.append(pollfd(fd: watching, events: Int16(POLLIN), revents: 0))
        }
        let nanoseconds = wakeup.allowance(allowance.map { max(0, $0.wholeNanoseconds) } ?? -1)
        // Sound: the array outlives the call, and its length is the one given.
        _ = unsafe tidegate_poll(&descriptors, UInt(descriptors.count), nanoseconds)
        // Whatever ended the rest, the thread is none that sleeps on the clock.
        _ = clock.allowance(until: nil, alarm: self)
        state.withLock { $0.isResting = false }
        wakeup.silence()
    }
}

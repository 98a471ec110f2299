import CLinux
import Glibc
import Threads
import Vocabulary

/// A signal that asks the process for something.
package enum ProcessSignal: Int32, CustomStringConvertible {
    case hangUp = 1
    case interrupt = 2
    case quit = 3
    case terminate = 15
    /// The limit of processor time is over, and the end comes a second later.
    case processorTime = 24
    /// The power is about to go, as the monitor of a battery says.
    case powerFailure = 30

    package var description: String {
        switch self {
        case .hangUp: "SIGHUP"
        case .interrupt: "SIGINT"
        case .quit: "SIGQUIT"
        case .terminate: "SIGTERM"
        case .processorTime: "SIGXCPU"
        case .powerFailure: "SIGPWR"
        }
    }

    /// Ignores the signals that would end the process without its relays in their safe states, and that say nothing.
    package static func ignoreOthers() {
        for number in [SIGUSR1, SIGUSR2, SIGALRM, SIGSTKFLT, SIGVTALRM, SIGPROF, SIGIO] {
            signal(number, SIG_IGN)
        }
    }

    /// Takes these signals from now on, for one consumer.
    ///
    /// A thread of its own waits for them, which is there from the start: one that was made for a signal could
    /// be the one that the system does not have.
    package static func all(_ signals: ProcessSignal..., on clock: any GatewayClock) -> AsyncStream<
        Self
    > {
        let (stream, teller) = AsyncStream<Self>.makeStream()
        var numbers = signals.map(\.rawValue)
        // Sound: the call reads the array, whose length it is given.
        let descriptor = unsafe tidegate_take_signals(&numbers, Int32(numbers.count))
        startThread(
            ThreadPlan(name: "signals", stackSize: SyncThread.defaultStackSize), on: clock,
            lacks: { _ in }
        ) {
            var number: UInt8 = 0
            // Sound: at most one byte is written to `number`.
            while descriptor >= 0, unsafe read(descriptor, &number, 1) != 0 {
                if let signal = Self(rawValue: Int32(number)) { teller.yield(signal) }
            }
        }
        return stream
    }
}

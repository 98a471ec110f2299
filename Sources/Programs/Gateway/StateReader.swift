import Host
import Journals
import Threads
import Vocabulary

/// Looks at what is on disk, for requests about the gateway's status, on a thread of its own: a disk that hangs holds
/// up nothing else. Any number may ask; what is younger than `age` is not looked at again.
actor StateReader {
    /// What there is on disk.
    struct State: Sendable {
        /// Nil when there is none yet, or it cannot be read.
        let journal: JournalInspector.Overview?
        let disk: DiskRoom?
    }

    static let age = Duration.seconds(2)

    private let directory: String
    private let journal: String
    private let gathering: [UpstreamName: Duration]
    private let clock: any GatewayClock
    private let thread: SyncThread
    private var last: (state: State, at: MonotonicInstant)?

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the actor keeps its thread.
        unsafe thread.asUnownedSerialExecutor()
    }

    /// - Parameter gathering: For how long facts are gathered for each upstream.
    init(
        directory: String, journal: String, gathering: [UpstreamName: Duration],
        clock: any GatewayClock
    ) {
        (self.directory, self.journal, self.gathering) = (directory, journal, gathering)
        self.clock = clock
        thread = SyncThread(
            name: "state", clock: clock, stackSize: JournalInspector.stackSize)
    }

    deinit { thread.end() }

    /// What looks into the journal, opened for the time of one look.
    func inspector() throws(JournalError) -> JournalInspector {
        try JournalInspector(sharing: journal)
    }

    /// What is on disk, as of `age` ago at most.
    var state: State {
        if let last, last.at.duration(to: clock.now) < Self.age { return last.state }
        // Without a journal that can be read there is none to show; its own fault says why.
        let overview = try? inspector().overview(at: clock.wallTime, gathering: gathering)
        let state = State(journal: overview, disk: Machine.room(at: directory))
        last = (state, clock.now)
        return state
    }
}

import DriverKit
import Vocabulary

/// Running totals that live as long as the bench, and outlive the drivers that save them.
public final class SimulatedTotals: Sendable {
    private struct State {
        var totals: [ComponentName: RunningTotal] = [:]
        var unreadable: Set<ComponentName> = []
        var saveCount = 0
        var isFull = false
    }

    private let state = Guarded(State())

    init() {}

    /// Whether the disk is full: nothing can be saved, what was saved stays.
    public var isFull: Bool {
        get { state.withLock { $0.isFull } }
        set { state.withLock { $0.isFull = newValue } }
    }

    /// What was saved last for `component`; setting it puts it there, and nil takes it away.
    public subscript(component: ComponentName) -> RunningTotal? {
        get { state.withLock { $0.totals[component] } }
        set {
            state.withLock { state in
                state.totals[component] = newValue
                state.unreadable.remove(component)
            }
        }
    }

    /// How often anything was saved.
    public var saveCount: Int { state.withLock { $0.saveCount } }

    /// Spoils what was saved for `component`, until it is put there again.
    public func spoil(_ component: ComponentName) {
        state.withLock { _ = $0.unreadable.insert(component) }
    }

    func store(for component: ComponentName) throws(DriverError) -> any TotalStore {
        SimulatedTotalStore(totals: self, component: component)
    }

    fileprivate func load(_ component: ComponentName) throws(DriverError) -> RunningTotal? {
        let (total, isReadable) = state.withLock { state in
            (state.totals[component], !state.unreadable.contains(component))
        }
        guard isReadable else {
            throw DriverError(.malformedReply, "total of \(component): \"garbage\" is no total")
        }
        return total
    }

    fileprivate func save(_ total: RunningTotal, for component: ComponentName) throws(DriverError) {
        let isSaved = state.withLock { state in
            guard !state.isFull else { return false }
            state.totals[component] = total
            state.saveCount += 1
            return true
        }
        guard isSaved else {
            throw DriverError(
                .notConnected, "total of \(component): No space left on device")
        }
    }
}

/// One component's place among the simulated totals.
private final class SimulatedTotalStore: TotalStore {
    private let totals: SimulatedTotals
    private let component: ComponentName

    init(totals: SimulatedTotals, component: ComponentName) {
        self.totals = totals
        self.component = component
    }

    func load() throws(DriverError) -> RunningTotal? { try totals.load(component) }

    func save(_ total: RunningTotal) throws(DriverError) { try totals.save(total, for: component) }
}

/// Where the registers of a meter stood, for as long as a test lasts.
public final class SimulatedCounters: CounterStore {
    private struct State {
        var stands: [DataChannelName: CounterStand] = [:]
        var saveCount = 0
        var isFull = false
        var isUnreadable = false
    }

    private let state = Guarded(State())

    public init(_ stands: [DataChannelName: CounterStand] = [:]) {
        state.withLock { $0.stands = stands }
    }

    /// Whether the disk is full.
    public var isFull: Bool {
        get { state.withLock { $0.isFull } }
        set { state.withLock { $0.isFull = newValue } }
    }

    /// How often anything was saved.
    public var saveCount: Int { state.withLock { $0.saveCount } }

    /// Whether the file cannot be read.
    public var isUnreadable: Bool {
        get { state.withLock { $0.isUnreadable } }
        set { state.withLock { $0.isUnreadable = newValue } }
    }

    /// What was saved last.
    public var stands: [DataChannelName: CounterStand] { state.withLock(\.stands) }

    public func load() throws(DriverError) -> [DataChannelName: CounterStand] {
        if isUnreadable { throw DriverError(.malformedReply, "counters: Permission denied") }
        return stands
    }

    public func save(_ stands: [DataChannelName: CounterStand]) throws(DriverError) {
        let isFull = state.withLock { state in
            guard !state.isFull else { return true }
            (state.stands, state.saveCount) = (stands, state.saveCount + 1)
            return false
        }
        if isFull { throw DriverError(.notConnected, "counters: No space left on device") }
    }
}

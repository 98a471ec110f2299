import DriverKit
import Vocabulary

/// Running totals that live as long as the bench, and outlive the drivers that save them.
public final class SimulatedTotals: Sendable {
    private struct State {
        var totals: [ComponentName: Int64] = [:]
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
    public subscript(component: ComponentName) -> Int64? {
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

    /// Spoils what was saved for `component`, until it is put there anew.
    public func spoil(_ component: ComponentName) {
        state.withLock { _ = $0.unreadable.insert(component) }
    }

    func store(for component: ComponentName) throws(DriverError) -> any TotalStore {
        SimulatedTotalStore(totals: self, component: component)
    }

    fileprivate func load(_ component: ComponentName) throws(DriverError) -> Int64? {
        let (total, isReadable) = state.withLock { state in
            (state.totals[component], !state.unreadable.contains(component))
        }
        guard isReadable else {
            throw DriverError(.badReply, "total of \(component): \"garbage\" is no total")
        }
        return total
    }

    fileprivate func save(_ total: Int64, for component: ComponentName) throws(DriverError) {
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

    func load() throws(DriverError) -> Int64? { try totals.load(component) }

    func save(_ total: Int64) throws(DriverError) { try totals.save(total, for: component) }
}

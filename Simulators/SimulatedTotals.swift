import DriverKit
import Vocabulary

/// Running totals that live as long as the bench.
public final class SimulatedTotals: Sendable {
    init() {}

    func store(for component: ComponentName) throws(DriverError) -> any TotalStore {
        throw DriverError(.notConnected, "\(component)")
    }
}

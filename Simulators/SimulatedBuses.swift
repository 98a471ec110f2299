import DriverKit
import Vocabulary

/// The simulated Modbus buses.
public final class SimulatedBuses: Sendable {
    init(clock: any GatewayClock) {}

    func bus(_ name: BusName) throws(DriverError) -> any ModbusBus {
        throw DriverError(.notConnected, "\(name)")
    }
}

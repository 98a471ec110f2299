import DriverKit
import Vocabulary

/// The real Modbus buses of a layout, one for each name, shared by all nodes on them.
///
/// Make it early: libmodbus needs low file descriptors, and each bus sets one aside here.
public final class ModbusBusPool: Sendable {
    private let buses: [BusName: Result<LibmodbusBus, DriverError>]

    /// Nothing is opened yet; each bus is at its first request.
    public init(_ buses: [Bus], clock: any GatewayClock) {
        var made: [BusName: Result<LibmodbusBus, DriverError>] = [:]
        for bus in buses {
            do throws(DriverError) {
                made[bus.name] = .success(try LibmodbusBus(bus, clock: clock))
            } catch {
                made[bus.name] = .failure(error)
            }
        }
        self.buses = made
    }

    /// - Throws: `.badComponent` when there is no such bus or its settings make no sense;
    ///   `.notConnected` when there was no low file descriptor left for it.
    public func bus(_ name: BusName) throws(DriverError) -> any ModbusBus {
        guard let bus = buses[name] else {
            let known = buses.keys.sorted().map(\.text).joined(separator: ", ")
            throw DriverError(
                .badComponent,
                "bus \(name) is unknown; there is \(known.isEmpty ? "none" : known)")
        }
        return try bus.get()
    }
}

import DriverKit
import Vocabulary

/// The real Modbus buses of a layout, one for each name, shared by all nodes on them.
///
/// Make it early: libmodbus needs low file descriptors, and each bus sets one aside here.
public final class ModbusBusPool: Sendable {
    private typealias Made = (bus: Bus, result: Result<RealModbusBus, DriverError>)

    private let clock: any GatewayClock
    private let buses: Guarded<[BusName: Made]>

    /// Nothing is opened yet; each bus is at its first request.
    public init(_ buses: [Bus], clock: any GatewayClock) {
        self.clock = clock
        self.buses = Guarded(Self.make(buses, from: [:], clock))
    }

    /// Other buses from now on. Those that are the same stay as they are, with their turns.
    ///
    /// - Parameter keepsOthers: Whether those that are not among them stay, too, for devices that are still
    ///   driven over them.
    public func replace(_ buses: [Bus], keepingOthers keepsOthers: Bool = false) {
        self.buses.withLock { old in
            let made = Self.make(buses, from: old, clock)
            old = keepsOthers ? old.merging(made) { $1 } : made
        }
    }

    private static func make(
        _ buses: [Bus], from old: [BusName: Made], _ clock: any GatewayClock
    ) -> [BusName: Made] {
        var made: [BusName: Made] = [:]
        for bus in buses {
            if let same = old[bus.name], same.bus == bus {
                made[bus.name] = same
                continue
            }
            do throws(DriverError) {
                made[bus.name] = (bus, .success(try RealModbusBus(bus, clock: clock)))
            } catch {
                made[bus.name] = (bus, .failure(error))
            }
        }
        return made
    }

    /// - Throws: `.invalidComponent` when there is no such bus or its settings are invalid;
    ///   `.notConnected` when there was no low file descriptor left for it.
    public func bus(_ name: BusName) throws(DriverError) -> any ModbusBus {
        let buses = buses.withLock { $0 }
        guard let bus = buses[name] else {
            let known = buses.keys.sorted().map(\.text).joined(separator: ", ")
            throw DriverError(
                .invalidComponent,
                "bus \(name) is unknown; there is \(known.isEmpty ? "none" : known)")
        }
        return try bus.result.get()
    }
}

import DriverKit
import Vocabulary

/// A simulated chip on an I2C bus: a value that turns transfers into bytes.
public protocol SimulatedI2cChip: Sendable {
    /// Takes a transfer.
    /// - Returns: False when the chip does not acknowledge.
    mutating func take(_ bytes: [UInt8], at now: MonotonicInstant) -> Bool
    /// - Returns: What it sends; as on a real bus, what is missing reads as ff. Nil when it does not acknowledge.
    mutating func send(_ count: Int, at now: MonotonicInstant) -> [UInt8]?
}

/// The simulated I2C buses. A chip is there once it is plugged in. They never block.
public final class SimulatedI2c: Sendable {
    /// One transfer of a bus: `"w ac 33 00"`, `"r 1c 8a …"`, or `"pause 80ms"`.
    public typealias Transfer = String

    fileprivate struct Place {
        var chip: any SimulatedI2cChip
        var transfers: [Transfer] = []
        /// So many of the next answers have a bit flipped in the middle.
        var corruptAnswers = 0
        var isSilent = false
    }

    private static let memory = 1_000

    private let clock: any GatewayClock
    private let places = Guarded<[I2cAddress: Place]>([:])

    init(clock: any GatewayClock) { self.clock = clock }

    /// Puts a chip on a bus, in place of the one at that address if there is one.
    public func plug(_ chip: any SimulatedI2cChip, at address: I2cAddress) {
        places.withLock { $0[address] = Place(chip: chip) }
    }

    /// Takes a chip away; it no longer acknowledges.
    public func silence(_ address: I2cAddress, _ isSilent: Bool = true) {
        places.withLock { $0[address]?.isSilent = isSilent }
    }

    /// Has a bit of each of the next answers flip on its way.
    public func corrupt(_ address: I2cAddress, next count: Int) {
        places.withLock { $0[address]?.corruptAnswers = count }
    }

    /// What crossed the bus to and from a chip, the last thousand transfers.
    public func transfers(at address: I2cAddress) -> [Transfer] {
        places.withLock { $0[address]?.transfers ?? [] }
    }

    func device(_ address: I2cAddress) throws(DriverError) -> any I2cDevice {
        guard places.withLock({ $0.keys.contains { $0.bus == address.bus } }) else {
            throw DriverError(
                .notConnected, "cannot open /dev/i2c-\(address.bus): No such file or directory")
        }
        return SimulatedI2cDevice(address, self)
    }

    fileprivate func note(_ address: I2cAddress, _ transfer: Transfer) {
        places.withLock { places in
            guard var place = places[address] else { return }
            if place.transfers.count == Self.memory { place.transfers.removeFirst() }
            place.transfers.append(transfer)
            places[address] = place
        }
    }

    fileprivate func write(_ bytes: [UInt8], to address: I2cAddress) throws(DriverError) {
        let now = clock.now
        note(address, "w " + bytes.hex)
        let isTaken = places.withLock { places in
            guard var place = places[address], !place.isSilent else { return false }
            defer { places[address] = place }
            return place.chip.take(bytes, at: now)
        }
        guard isTaken else { throw unanswered(address) }
    }

    fileprivate func read(_ count: Int, from address: I2cAddress) throws(DriverError) -> [UInt8] {
        let now = clock.now
        let answer: [UInt8]? = places.withLock { places in
            guard var place = places[address], !place.isSilent else { return nil }
            defer { places[address] = place }
            guard var bytes = place.chip.send(count, at: now) else { return nil }
            bytes = Array((bytes + Array(repeating: 0xFF, count: count)).prefix(count))
            if place.corruptAnswers > 0 {
                place.corruptAnswers -= 1
                bytes[bytes.count / 2] ^= 1
            }
            return bytes
        }
        guard let answer else { throw unanswered(address) }
        note(address, "r " + answer.hex)
        return answer
    }

    private func unanswered(_ address: I2cAddress) -> DriverError {
        DriverError(.timeout, "\(address): no chip answers at this address")
    }
}

/// One simulated chip, as its driver sees it.
private final class SimulatedI2cDevice: I2cDevice {
    private let address: I2cAddress
    private let buses: SimulatedI2c

    init(_ address: I2cAddress, _ buses: SimulatedI2c) {
        (self.address, self.buses) = (address, buses)
    }

    func write(_ bytes: [UInt8]) throws(DriverError) { try buses.write(bytes, to: address) }

    func read(_ count: Int) throws(DriverError) -> [UInt8] {
        try buses.read(count, from: address)
    }

    func read(_ count: Int, after bytes: [UInt8]) throws(DriverError) -> [UInt8] {
        try buses.write(bytes, to: address)
        return try buses.read(count, from: address)
    }

    func pause(_ duration: Duration) { buses.note(address, "pause \(duration.layoutText)") }
}

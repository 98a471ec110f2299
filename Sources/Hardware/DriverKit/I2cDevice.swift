import Documents
import Vocabulary

/// Where a chip is: the number of an I2C bus of this machine, and the chip's address there.
public struct I2cAddress: Hashable, Sendable, CustomStringConvertible {
    /// The number in `/dev/i2c-1`.
    public let bus: Int
    /// Seven bits: `0x38`.
    public let chip: UInt8

    /// - Returns: Nil for an address that the I2C standard keeps for itself.
    public init?(bus: Int, chip: UInt8) {
        // Source: NXP UM10204, "Reserved addresses".
        guard (0...255).contains(bus), (0x08...0x77).contains(chip) else { return nil }
        (self.bus, self.chip) = (bus, chip)
    }

    /// `"i2c-1 0x38"`.
    public var description: String {
        "i2c-\(bus) 0x\(chip < 16 ? "0" : "")\(String(chip, radix: 16))"
    }
}

/// A chip on an I2C bus, for one owner. The kernel lets the transfers of several chips take turns.
///
/// What is thrown of each: `.timeout` when the chip does not acknowledge or the bus is stuck; `.busy` when
/// another master has the bus; `.malformedReply` for another error of the bus; `.notConnected` when the bus is
/// gone.
public protocol I2cDevice: AnyObject {
    /// Sends `bytes` in one transfer.
    func write(_ bytes: [UInt8]) throws(DriverError)
    /// Has the chip send `count` bytes, 32 at most, in one transfer.
    func read(_ count: Int) throws(DriverError) -> [UInt8]
    /// Sends `bytes` and has the chip send, with a repeated start and no stop between.
    func read(_ count: Int, after bytes: [UInt8]) throws(DriverError) -> [UInt8]
    /// Blocks for a time that the chip needs for itself.
    func pause(_ duration: Duration)
}

extension I2cAddress {
    /// The settings that say where a chip is.
    ///
    /// - Parameters:
    ///   - usual: The address that a chip has unless its pins say otherwise.
    ///   - all: Those that it can have.
    public static func settings(usual: UInt8, of all: ClosedRange<UInt8>) -> [SettingDescription] {
        [
            SettingDescription(
                "bus", .whole(0...255), default: .number(DecimalNumber(mantissa: 1)),
                "The number of the I2C bus: 1 for /dev/i2c-1."),
            SettingDescription(
                "address", .rawNumber, default: .text("0x" + String(usual, radix: 16)),
                all.count == 1
                    ? "The chip's address on the bus."
                    : "The chip's address on the bus, from 0x\(String(all.lowerBound, radix: 16)) to "
                        + "0x\(String(all.upperBound, radix: 16))."),
        ]
    }

    /// - Parameter all: The addresses that the chip can have.
    /// - Throws: `.invalidComponent`, naming the setting at fault.
    public init(_ settings: Settings, of all: ClosedRange<UInt8>) throws(DriverError) {
        let number: UInt8? =
            switch settings["address"].flatMap(RawNumber.init) {
            case .whole(let whole): UInt8(exactly: whole)
            case .bits(let bits): UInt8(exactly: bits)
            case nil: nil
            }
        guard let number, all.contains(number),
            let address = I2cAddress(bus: Int(try settings.whole("bus")), chip: number)
        else {
            throw settings.bad(
                "address",
                "\"0x\(String(all.lowerBound, radix: 16))\""
                    + (all.count == 1 ? "" : " to \"0x\(String(all.upperBound, radix: 16))\""))
        }
        self = address
    }

    /// The chip, for one component alone.
    public var claim: WireClaim { WireClaim("I2C chip \(self)") }
}

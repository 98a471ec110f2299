import CLinux
import DriverKit
import Glibc
import Vocabulary

/// A chip behind `/dev/i2c-N`. Closed when it is dropped.
///
/// A chip that a driver of the kernel has is left to that one.
final class RealI2cDevice: I2cDevice {
    private let address: I2cAddress
    private let descriptor: Int32

    /// - Throws: `.notConnected` when the bus is absent or a driver of the kernel has the chip.
    init(_ address: I2cAddress) throws(DriverError) {
        self.address = address
        let path = "/dev/i2c-\(address.bus)"
        // Sound: the path is read during the call.
        descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            let hint =
                errno == ENOENT
                ? "; on a Raspberry Pi add dtparam=i2c_arm=on to config.txt, and load i2c-dev" : ""
            throw DriverError(
                .notConnected, "cannot open \(path): \(SystemError.last.message)\(hint)")
        }
        guard tidegate_i2c_select(descriptor, address.chip) == 0 else {
            let code = errno
            close(descriptor)
            throw DriverError(
                .notConnected,
                code == EBUSY
                    ? "\(address): a driver of the kernel has the chip; read it with iio-sensor or hwmon"
                    : "\(address): \(SystemError(number: code).message)")
        }
    }

    deinit { close(descriptor) }

    /// No chip here sends more.
    private static let mostBytes = 32

    func write(_ bytes: [UInt8]) throws(DriverError) {
        try transfer(bytes, 0)
    }

    func read(_ count: Int) throws(DriverError) -> [UInt8] { try transfer([], count) }

    func read(_ count: Int, after bytes: [UInt8]) throws(DriverError) -> [UInt8] {
        try transfer(bytes, count)
    }

    func pause(_ duration: Duration) { sleepOnThread(duration) }

    @discardableResult
    private func transfer(_ bytes: [UInt8], _ count: Int) throws(DriverError) -> [UInt8] {
        precondition(count <= Self.mostBytes && bytes.count <= Self.mostBytes, "32 bytes at most")
        var input = [UInt8](repeating: 0, count: count)
        // Sound: both arrays live through the call, with their own counts.
        let status = unsafe tidegate_i2c_transfer(
            descriptor, address.chip, bytes, UInt16(bytes.count), &input, UInt16(count))
        guard status == 0 else { throw DriverError(on: address, failedWith: errno) }
        return input
    }
}

extension DriverError {
    /// What an error number of an I2C transfer says.
    ///
    /// - Source: Documentation/i2c/fault-codes.rst of Linux.
    init(on address: I2cAddress, failedWith code: Int32) {
        switch code {
        case ENXIO, EREMOTEIO:
            self.init(.timeout, "\(address): no chip answers at this address")
        case ETIMEDOUT:
            self.init(.timeout, "\(address): the bus is stuck (timed out)")
        case EAGAIN, EBUSY:
            self.init(.busy, "\(address): another master has the bus")
        case ENODEV:
            self.init(.notConnected, "\(address): the bus is gone")
        default:
            self.init(.malformedReply, "\(address): \(SystemError(number: code).message)")
        }
    }
}

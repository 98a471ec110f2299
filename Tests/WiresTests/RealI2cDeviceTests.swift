import DriverKit
import Glibc
import Testing

@testable import Wires

@Suite struct `A real I2C bus` {
    private let chip = I2cAddress(bus: 254, chip: 0x38)!

    @Test func `that is not there is reported with what makes it`() {
        #expect(
            throws: DriverError(
                .notConnected,
                "cannot open /dev/i2c-254: No such file or directory; on a Raspberry Pi add "
                    + "dtparam=i2c_arm=on to config.txt, and load i2c-dev")
        ) { try RealI2cDevice(chip) }
    }

    // Source: Documentation/i2c/fault-codes.rst of Linux.
    @Test(arguments: [
        (ENXIO, DriverError.Kind.timeout, "no chip answers at this address"),
        (EREMOTEIO, .timeout, "no chip answers at this address"),
        (ETIMEDOUT, .timeout, "the bus is stuck (timed out)"),
        (EAGAIN, .busy, "another master has the bus"),
        (ENODEV, .notConnected, "the bus is gone"),
        (EIO, .malformedReply, "Input/output error"),
    ])
    func `names what went wrong with a transfer`(
        _ code: Int32, kind: DriverError.Kind, words: String
    ) {
        #expect(
            DriverError(on: chip, failedWith: code) == DriverError(kind, "i2c-254 0x38: \(words)"))
    }

    @Test(arguments: [0x00, 0x07, 0x78, 0xFF] as [UInt8])
    func `has no chips at addresses that the standard keeps`(_ chip: UInt8) {
        #expect(I2cAddress(bus: 1, chip: chip) == nil)
        #expect(I2cAddress(bus: -1, chip: 0x38) == nil)
    }
}

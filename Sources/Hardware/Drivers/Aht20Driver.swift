import DriverKit
import Vocabulary

/// An AHT20 or AHT21 on an I2C bus: temperature and humidity. A poll blocks 80 ms.
public struct Aht20Driver: I2cChip {
    public static let description = DriverDescription(
        model: DriverModel(known: "aht20"),
        title: "AHT20 or AHT21 for temperature and humidity on an I2C bus",
        wire: "I2C", kinds: [.sensor],
        settings: I2cAddress.settings(usual: 0x38, of: addresses),
        channels: [
            ChannelDescription(
                source: "temperature", unit: .celsius, exponent: -3, title: "Temperature",
                // −50 °C is what a register of zeros stands for.
                plausibility: Plausibility(range: -40_000...85_000), captureDelta: 200),
            ChannelDescription(
                source: "humidity", unit: .percent, exponent: -3, title: "Relative humidity",
                plausibility: Plausibility(range: 1...100_000), captureDelta: 2_000),
        ],
        source: "Aosong, AHT20 data sheet; drivers/hwmon/aht10.c of Linux")

    public static let addresses: ClosedRange<UInt8> = 0x38...0x38
    private static let calibrate: [UInt8] = [0xBE, 0x08, 0x00]
    private static let trigger: [UInt8] = [0xAC, 0x33, 0x00]
    private static let isBusy: UInt8 = 0x80
    private static let isCalibrated: UInt8 = 0x08
    private static let calibrationPause: Duration = .milliseconds(10)
    private static let measurementPause: Duration = .milliseconds(80)
    /// So often an answer is asked for that a busy chip does not have yet.
    private static let tries = 3

    private let address: I2cAddress
    private let device: any I2cDevice

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        address = try Self.address(component.settings)
        device = try wiring.i2cDevice(address)
        try calibrateIfNeeded()
    }

    private func calibrateIfNeeded() throws(DriverError) {
        guard try device.read(1)[0] & Self.isCalibrated == 0 else { return }
        try device.write(Self.calibrate)
        device.pause(Self.calibrationPause)
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        let values = try measurement()
        return Self.answers(
            ["temperature": values.temperature, "humidity": values.humidity], for: due)
    }

    private func measurement() throws(DriverError) -> Aht20Measurement {
        try device.write(Self.trigger)
        for _ in 0..<Self.tries {
            device.pause(Self.measurementPause)
            let bytes = try device.read(7)
            guard bytes[0] & Self.isBusy == 0 else { continue }
            guard let found = Aht20Measurement(bytes) else {
                throw DriverError(
                    .malformedReply, "\(address): wrong checksum in the answer \(bytes.hex)")
            }
            guard bytes[0] & Self.isCalibrated != 0 else {
                // As after a power cut of the chip alone.
                try calibrateIfNeeded()
                throw DriverError(
                    .malformedReply,
                    "\(address): the chip is not calibrated, status \([bytes[0]].hex)")
            }
            return found
        }
        throw DriverError(
            .timeout, "\(address): the chip is still busy \(Self.tries * 80) ms after it was asked")
    }
}

/// The seven bytes that an AHT20 answers: status, 20 bits of humidity, 20 bits of temperature, CRC-8.
struct Aht20Measurement: Hashable, Sendable {
    /// °C, in thousandths.
    let temperature: DecimalNumber
    /// Percent, in thousandths.
    let humidity: DecimalNumber

    /// - Returns: Nil for another length or a wrong checksum.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 7, SensirionWords.checksum(bytes[..<6]) == bytes[6] else { return nil }
        let part = bytes.map(Int64.init)
        let humid = part[1] << 12 | part[2] << 4 | part[3] >> 4
        let warm = (part[3] & 0x0F) << 16 | part[4] << 8 | part[5]
        // Of 2^20, to the nearest thousandth.
        let half: Int64 = 1 << 19
        humidity = DecimalNumber(mantissa: (humid * 100_000 + half) >> 20, exponent: -3)
        temperature = DecimalNumber(mantissa: (warm * 200_000 + half) >> 20 - 50_000, exponent: -3)
    }
}

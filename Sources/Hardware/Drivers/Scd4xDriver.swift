import DriverKit
import Vocabulary

/// An SCD40 or SCD41 on an I2C bus: carbon dioxide, temperature and humidity, each 5 s.
///
/// It measures by itself from the time it is opened. A poll takes what is new; one that comes before
/// the next measurement is done has nothing to report.
public struct Scd4xDriver: I2cChip {
    public static let description = DriverDescription(
        model: DriverModel(known: "scd4x"),
        title: "SCD40 or SCD41 for carbon dioxide, temperature and humidity on an I2C bus",
        wire: "I2C", kinds: [.sensor],
        settings: I2cAddress.settings(usual: 0x62, of: addresses),
        channels: [
            ChannelDescription(
                source: "co2", unit: .partsPerMillion, exponent: 0, title: "Carbon dioxide",
                plausibility: Plausibility(range: 1...40_000), captureDelta: 50),
            ChannelDescription(
                source: "temperature", unit: .celsius, exponent: -3, title: "Temperature",
                plausibility: Plausibility(range: -10_000...60_000), captureDelta: 200),
            ChannelDescription(
                source: "humidity", unit: .percent, exponent: -3, title: "Relative humidity",
                plausibility: Plausibility(range: 0...100_000), captureDelta: 2_000),
        ],
        source: "Sensirion, SCD4x data sheet; drivers/iio/chemical/scd4x.c of Linux")

    public static let addresses: ClosedRange<UInt8> = 0x62...0x62
    private static let stop: [UInt8] = [0x3F, 0x86]
    private static let start: [UInt8] = [0x21, 0xB1]
    private static let isReady: [UInt8] = [0xE4, 0xB8]
    private static let measurement: [UInt8] = [0xEC, 0x05]
    /// How long the chip needs to stop, and to have an answer ready.
    private static let stopPause: Duration = .milliseconds(500)
    private static let answerPause: Duration = .milliseconds(1)
    /// Four measurements that did not come.
    private static let staleness: Duration = .seconds(20)

    private let address: I2cAddress
    private let device: any I2cDevice
    /// When there was something new, or the measuring began; nil before the first poll.
    private var lastNews: MonotonicInstant?

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        address = try Self.address(component.settings)
        device = try wiring.i2cDevice(address)
        try begin()
    }

    /// It may be measuring since before the gateway started, and takes no other order meanwhile.
    private func begin() throws(DriverError) {
        try device.write(Self.stop)
        device.pause(Self.stopPause)
        try device.write(Self.start)
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        let began = lastNews ?? now
        lastNews = began
        guard try words(1, for: Self.isReady)[0] & 0x07FF != 0 else {
            guard began.duration(to: now) < Self.staleness else {
                // As after a power cut of the chip alone, which then does not measure.
                lastNews = now
                try begin()
                throw DriverError(
                    .timeout,
                    "\(address): no new measurement within \(Self.staleness.layoutText), "
                        + "started again")
            }
            return due.map {
                .success(Reading(channel: $0.name, value: 0, quality: .bad))
            }
        }
        let words = try words(3, for: Self.measurement)
        lastNews = now
        let values = [
            "co2": DecimalNumber(mantissa: Int64(words[0])),
            "temperature": Self.scaled(words[1], by: 175_000, from: -45_000),
            "humidity": Self.scaled(words[2], by: 100_000, from: 0),
        ]
        return Self.answers(values, for: due)
    }

    /// Thousandths: `from` + `span` × word / 2^16, to the nearest.
    private static func scaled(_ word: UInt16, by span: Int64, from: Int64) -> DecimalNumber {
        DecimalNumber(mantissa: from + (Int64(word) * span + 32_768) / 65_536, exponent: -3)
    }

    private func words(_ count: Int, for command: [UInt8]) throws(DriverError) -> [UInt16] {
        try device.write(command)
        device.pause(Self.answerPause)
        let bytes = try device.read(count * 3)
        guard bytes.count == count * 3, let words = SensirionWords.words(in: bytes) else {
            throw DriverError(
                .malformedReply, "\(address): wrong checksum in the answer \(bytes.hex)")
        }
        return words
    }
}

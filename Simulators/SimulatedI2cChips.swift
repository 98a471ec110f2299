import DriverKit
import Drivers
import Vocabulary

/// A simulated SCD4x, which has a measurement each five seconds from the time it is started.
public struct SimulatedScd4x: SimulatedI2cChip {
    /// Carbon dioxide in ppm, °C and percent at a moment.
    private let world: @Sendable (MonotonicInstant) -> (Double, Double, Double)
    private var started: MonotonicInstant?
    private var taken = 0
    private var answer: [UInt8]?

    public init(
        world:
            @escaping @Sendable (MonotonicInstant) -> (
                co2: Double, temperature: Double, humidity: Double
            )
    ) { self.world = { world($0) } }

    /// Has it lose its supply for a moment: it then measures nothing until it is started.
    public mutating func cyclePower() { (started, taken, answer) = (nil, 0, nil) }

    public mutating func take(_ bytes: [UInt8], at now: MonotonicInstant) -> Bool {
        answer = nil
        // While it measures it acknowledges these alone.
        // Source: Sensirion, SCD4x data sheet, table of commands, "during meas.".
        switch bytes {
        case [0x21, 0xB1] where started == nil: (started, taken) = (now, 0)
        case [0x3F, 0x86]: started = nil
        case [0xE4, 0xB8]: answer = words([measurements(at: now) > taken ? 0x8006 : 0x8000])
        case [0xEC, 0x05] where started != nil && measurements(at: now) > taken:
            taken = measurements(at: now)
            let (co2, temperature, humidity) = world(now)
            answer = words([
                UInt16(co2.rounded()), UInt16(((temperature + 45) / 175 * 65_536).rounded()),
                UInt16((humidity / 100 * 65_536).rounded()),
            ])
        default: return false
        }
        return true
    }

    public mutating func send(_ count: Int, at now: MonotonicInstant) -> [UInt8]? { answer }

    private func measurements(at now: MonotonicInstant) -> Int {
        started.map { Int($0.duration(to: now) / .seconds(5)) } ?? 0
    }

    private func words(_ words: [UInt16]) -> [UInt8] {
        words.flatMap { word in
            let bytes = [UInt8(word >> 8), UInt8(word & 0xFF)]
            return bytes + [crc8(bytes)]
        }
    }
}

/// A simulated AHT20.
public struct SimulatedAht20: SimulatedI2cChip {
    /// So many of the next answers say that it is still busy.
    public var busyAnswers = 0
    public private(set) var isCalibrated: Bool
    private let world: @Sendable (MonotonicInstant) -> (Double, Double)
    private var isMeasured = false

    public init(
        isCalibrated: Bool = true,
        world: @escaping @Sendable (MonotonicInstant) -> (temperature: Double, humidity: Double)
    ) {
        self.isCalibrated = isCalibrated
        self.world = { world($0) }
    }

    public mutating func take(_ bytes: [UInt8], at now: MonotonicInstant) -> Bool {
        switch bytes {
        case [0xBE, 0x08, 0x00]: isCalibrated = true
        case [0xAC, 0x33, 0x00]: isMeasured = true
        default: return false
        }
        return true
    }

    public mutating func send(_ count: Int, at now: MonotonicInstant) -> [UInt8]? {
        let status: UInt8 = 0x10 | (isCalibrated ? 0x08 : 0)
        // Before a measurement it has nothing but its status.
        guard isMeasured, count > 1 else { return [status] }
        if busyAnswers > 0 {
            busyAnswers -= 1
            return Array(repeating: status | 0x80, count: count)
        }
        let (temperature, humidity) = world(now)
        let humid = UInt32((humidity / 100 * 1_048_576).rounded())
        let warm = UInt32(((temperature + 50) / 200 * 1_048_576).rounded())
        let packed = UInt64(humid) << 20 | UInt64(warm)
        let bytes =
            [status] + (0..<5).map { UInt8(truncatingIfNeeded: packed >> UInt64(32 - 8 * $0)) }
        return bytes + [crc8(bytes)]
    }
}

/// A simulated INA3221: registers of 16 bits, and what its inputs measure at a moment.
public struct SimulatedIna3221: SimulatedI2cChip {
    /// What the chip says it is: its maker and its kind.
    public var identification: (UInt16, UInt16) = (0x5449, 0x3220)
    public private(set) var configuration: UInt16 = 0x7127
    /// The shunt's millivolts and the bus's volts of each supply.
    private let world: @Sendable (MonotonicInstant) -> [(Double, Double)]
    private var pointer: UInt8 = 0

    public init(
        world: @escaping @Sendable (MonotonicInstant) -> [(shuntMillivolts: Double, volts: Double)]
    ) { self.world = { now in world(now).map { ($0.shuntMillivolts, $0.volts) } } }

    public mutating func take(_ bytes: [UInt8], at now: MonotonicInstant) -> Bool {
        guard let register = bytes.first else { return false }
        pointer = register
        if register == 0, bytes.count == 3 {
            configuration = UInt16(bytes[1]) << 8 | UInt16(bytes[2])
        }
        return true
    }

    public mutating func send(_ count: Int, at now: MonotonicInstant) -> [UInt8]? {
        let word = word(at: now)
        return [UInt8(word >> 8), UInt8(word & 0xFF)]
    }

    private func word(at now: MonotonicInstant) -> UInt16 {
        switch pointer {
        case 0: return configuration
        case 1...6:
            let (shunt, bus) = world(now)[Int(pointer - 1) / 2]
            let steps = pointer % 2 == 1 ? shunt / 0.04 : bus / 0.008
            let held = Int16(min(max(steps.rounded(), -4_096), 4_095))
            return UInt16(bitPattern: held << 3)
        case 0xFE: return identification.0
        case 0xFF: return identification.1
        default: return 0
        }
    }
}

private func crc8(_ bytes: [UInt8]) -> UInt8 {
    var remainder: UInt8 = 0xFF
    for byte in bytes {
        remainder ^= byte
        for _ in 0..<8 {
            remainder = remainder & 0x80 == 0 ? remainder << 1 : remainder << 1 ^ 0x31
        }
    }
    return remainder
}

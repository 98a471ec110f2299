import DriverKit
import Drivers
import Vocabulary

/// A simulated meter with an interface after IEC 62056-21.
///
/// It identifies itself when it is asked, and sends its readout at once in modes A and B, and after the
/// acknowledgement in mode C.
public struct SimulatedD0Meter: SimulatedMeter {
    /// Three letters of the maker, the letter of the speed, and the model.
    public let identification: String
    public let period: Duration?
    /// Whether it sends back what it is sent, as an optical head does whose light falls on itself.
    public var echoes = false
    /// Whether it goes on waiting after an acknowledgement.
    public var ignoresAcknowledgement = false

    private let data: @Sendable (MonotonicInstant) -> [UInt8]
    private var input: [UInt8] = []
    private var isIdentified = false

    /// - Parameters:
    ///   - data: From the start of the text to the check character.
    ///   - period: The pause between readouts that it sends by itself; nil for one that is asked.
    public init(identification: String, data: [UInt8], every period: Duration? = nil) {
        self.init(identification: identification, every: period) { _ in data }
    }

    init(
        identification: String, every period: Duration?,
        data: @escaping @Sendable (MonotonicInstant) -> [UInt8]
    ) {
        (self.identification, self.period, self.data) = (identification, period, data)
    }

    public mutating func telegram(at now: MonotonicInstant) -> [UInt8] {
        Array("/\(identification)\r\n".utf8) + data(now)
    }

    public mutating func answer(_ bytes: [UInt8], at now: MonotonicInstant) -> [UInt8] {
        guard period == nil else { return [] }
        input = (input + bytes.map { $0 & 0x7F }).suffix(64)
        let echo = echoes ? bytes : []
        guard input.last == UInt8(ascii: "\n") else { return echo }
        defer { input = [] }
        let letter = identification.utf8.dropFirst(3).first ?? 0
        if input.contains(UInt8(ascii: "?")) {
            let isModeC = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(letter)
            isIdentified = isModeC
            return echo + Array("/\(identification)\r\n".utf8) + (isModeC ? [] : data(now))
        }
        guard isIdentified, input.first == 0x06, !ignoresAcknowledgement else { return echo }
        isIdentified = false
        return echo + data(now)
    }
}

/// A simulated meter for `iec62056-meter`, in mode C, which reads out all that the component may read.
enum SimulatedIec62056Meter: SimulatedDevice {
    static let model = Iec62056MeterDriver.model

    static func plug(
        _ component: Component, into wiring: SimulatedWiring, chance: inout SeededGenerator
    ) throws(DriverError) {
        let house = SimulatedHousehold(component, wiring, &chance)
        let channels = try Iec62056MeterDriver.channels(offeredWith: component.settings)
        let sends = try component.settings.flag("sendsByItself")
        let meter = SimulatedD0Meter(
            identification: "TDG5SIMULATED", every: sends ? .seconds(2) : nil
        ) { now in
            let lines = channels.map { channel in
                let value = house.value(of: channel, at: now)
                return "\(channel.code ?? "C.1")(\(written(value, channel.unit)))\r\n"
            }
            let text = Array((lines.joined() + "!\r\n\u{3}").utf8)
            return [0x02] + text + [text.reduce(0, ^)]
        }
        wiring.byteLines.plug(
            meter, named: component.name.text, on: try MeterLine(component.settings).address)
    }

    private static func written(_ value: DecimalNumber, _ unit: Unit) -> String {
        switch unit {
        case .wattHour: "\(value)*Wh"
        case .varHour: "\(value)*varh"
        case .watt: "\(value)*W"
        case .reactivePower: "\(value)*var"
        case .volt: "\(value)*V"
        case .ampere: "\(value)*A"
        case .hertz: "\(value)*Hz"
        case .cubicMetre: "\(value)*m3"
        default: "\(value)"
        }
    }
}

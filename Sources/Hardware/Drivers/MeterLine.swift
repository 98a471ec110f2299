import DriverKit
import Vocabulary

/// Where a meter on a line of bytes is, and how it is spoken to: a few settings that drivers share.
public struct MeterLine: Sendable {
    public let address: ByteLineAddress
    let mode: SerialMode
    let timeout: Duration

    /// The settings, with what is usual for a kind of meter.
    static func settings(baud: Int64, format: String, timeout: String) -> [SettingDescription] {
        [
            SettingDescription(
                optional: "port", .text,
                "The serial port, preferably /dev/serial/by-id/…; or give host."),
            SettingDescription(
                optional: "host", .text,
                "Host name or IP address of a transparent serial server; or give port."),
            SettingDescription(
                "tcpPort", .whole(1...65535), default: .number(DecimalNumber(mantissa: 2000)),
                "The TCP port of the host."),
            SettingDescription(
                "baud", .whole(300...230_400), default: .number(DecimalNumber(mantissa: baud)),
                "Bits per second."),
            SettingDescription(
                "format", .choice(SerialMode.formats), default: .text(format),
                "Data bits, parity and stop bits."),
            SettingDescription(
                "timeout", .duration(.milliseconds(100) ... .seconds(120)),
                default: .text(timeout), "Timeout of an answer or telegram."),
        ]
    }

    /// - Throws: `.invalidComponent`, naming the setting at fault.
    public init(_ settings: Settings) throws(DriverError) {
        switch (settings["port"], settings["host"]) {
        case (.some, nil):
            let port = try settings.text("port")
            if let need = ByteLineAddress.need(ofPort: port) { throw settings.bad("port", need) }
            address = .serial(port: port)
        case (nil, .some):
            guard let port = UInt16(exactly: try settings.whole("tcpPort")) else {
                throw settings.bad("tcpPort", "1 to 65535")
            }
            let host = try settings.text("host")
            if let need = ByteLineAddress.need(ofHost: host) { throw settings.bad("host", need) }
            address = .tcp(host: host, port: port)
        case (nil, nil): throw settings.bad("port", "given, or host in its place")
        case (.some, .some): throw settings.bad("host", "left out beside a port")
        }
        let baud = try settings.whole("baud")
        guard SerialMode.speeds.contains(baud),
            let mode = SerialMode(baud: Int(baud), format: try settings.text("format"))
        else {
            throw settings.bad(
                "baud", "one of " + SerialMode.speeds.map { "\($0)" }.joined(separator: ", "))
        }
        self.mode = mode
        timeout = try settings.duration("timeout")
    }

    var isSerial: Bool { if case .serial = address { true } else { false } }

    /// The whole line, for a meter that shares it with nobody.
    var claim: WireClaim { WireClaim(address) }

    /// The line, shared with others of a protocol, and a meter on it.
    func claims(of meter: String, sharing bus: String) -> [WireClaim] {
        let line = WireClaim(address, shared: bus)
        return [line, WireClaim("\(line) \(bus) meter \(meter)")]
    }
}

import Documents
import DriverKit
import Vocabulary

/// An uninterruptible power supply behind a server of Network UPS Tools (`upsd`), read without a login.
public struct NutUpsDriver: Driver {
    public static let description = DriverDescription(
        model: DriverModel(known: "nut-ups"),
        title: "UPS behind a server of Network UPS Tools (upsd)",
        wire: "TCP", kinds: [.sensor, .meter],
        settings: [
            SettingDescription(
                "host", .text, default: .text("localhost"),
                "Host name or IP address of the server."),
            SettingDescription(
                "tcpPort", .whole(1...65535), default: .number(DecimalNumber(mantissa: 3493)),
                "Its TCP port."),
            SettingDescription(
                "ups", .text, "The UPS's name on the server, as `upsc -l` lists it: \"ups\"."),
            SettingDescription(
                "timeout", .duration(.milliseconds(100) ... .seconds(60)), default: .text("5s"),
                "Timeout of an answer."),
        ],
        channels: NutVariable.all.map(\.channel),
        source: "RFC 9271; Network UPS Tools, docs/net-protocol.txt and docs/nut-names.txt")

    /// Where the server is and what the UPS is called there.
    public struct Place: Sendable {
        public let address: ByteLineAddress
        public let ups: String

        /// - Throws: `.invalidComponent`, naming the setting at fault.
        public init(_ settings: Settings) throws(DriverError) {
            guard let port = UInt16(exactly: try settings.whole("tcpPort")) else {
                throw settings.bad("tcpPort", "1 to 65535")
            }
            address = .tcp(host: try settings.text("host"), port: port)
            ups = try settings.text("ups")
            // What goes out must be one word of one line.
            let allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.".utf8
            guard (1...60).contains(ups.utf8.count), ups.utf8.allSatisfy(allowed.contains) else {
                throw settings.bad("ups", "letters, digits, -, _ and . alone, such as \"ups\"")
            }
        }
    }

    private let place: Place
    private let line: any ByteLine
    private let timeout: Duration

    public static func claims(of component: Component) throws(DriverError) -> [WireClaim] {
        let place = try Place(component.settings)
        return [WireClaim("UPS \(place.ups) of \(place.address)")]
    }

    public init(component: Component, wiring: any Wiring) throws(DriverError) {
        place = try Place(component.settings)
        timeout = try component.settings.duration("timeout")
        line = try wiring.byteLine(place.address)
        for channel in component.channels { _ = try NutVariable.of(channel) }
    }

    public mutating func read(
        _ due: [DataChannel], at now: MonotonicInstant
    ) throws(DriverError) -> [Answer] {
        guard !due.isEmpty else { return [] }
        var wanted: [(channel: DataChannel, variable: NutVariable)] = []
        for channel in due { wanted.append((channel, try NutVariable.of(channel))) }
        let values: [String: String]
        switch try list(["VAR", place.ups]) {
        case .list(let list): values = list
        case .refused(let reason): throw try refusal(reason)
        case .flawed(let flaw):
            throw DriverError(.malformedReply, "upsd at \(place.address): \(flaw)")
        }
        // While the server's driver starts, the status is WAIT and most variables are absent.
        guard !NutVariable.statusWords(in: values).contains("WAIT") else {
            throw DriverError(
                .timeout,
                "upsd at \(place.address): has no values of UPS \(place.ups) yet (WAIT)")
        }
        return wanted.map { channel, variable in
            channel.answer { () throws(DriverError) in try variable.value(in: values) }
        }
    }

    /// Asks for a list, on a connection that stays open between polls.
    private func list(_ query: [String]) throws(DriverError) -> NutReply.End {
        try line.use(.none, for: "the values of UPS \(place.ups)") {
            (stream) throws(DriverError) -> NutReply.End in
            try stream.discardInput()
            try stream.send(Array("LIST \(query.joined(separator: " "))\n".utf8))
            stream.limit(timeout)
            var reply = NutReply(to: query)
            while true {
                let bytes = try stream.receive()
                guard !bytes.isEmpty else {
                    throw DriverError(
                        .timeout,
                        "upsd at \(place.address): no whole answer within \(timeout.layoutText)")
                }
                if let end = reply.take(bytes) { return end }
            }
        }
    }

    /// What a refusal is about, in words.
    private func refusal(_ reason: String) throws(DriverError) -> DriverError {
        let server = "upsd at \(place.address)"
        switch reason {
        case "DATA-STALE":
            return DriverError(
                .timeout, "\(server): has no fresh values of UPS \(place.ups) (\(reason))")
        case "DRIVER-NOT-CONNECTED":
            return DriverError(
                .timeout,
                "\(server): the server's driver of UPS \(place.ups) is not running (\(reason))")
        case "UNKNOWN-UPS":
            guard case .list(let others) = try list(["UPS"]), !others.isEmpty else { break }
            let names = others.keys.sorted()
            return DriverError(
                .notConnected,
                "\(server): has no UPS \(place.ups); it has "
                    + names.fewJoined.printable(limit: 200) + didYouMean(place.ups, among: names))
        default: break
        }
        return DriverError(
            .notConnected,
            "\(server): refuses the values of UPS \(place.ups): \(reason.printable(limit: 60))")
    }
}

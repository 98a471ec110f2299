import Documents
import DriverKit
import Vocabulary

/// A bus of the document, with what the checks need to know beyond the bus itself.
struct BusDraft {
    let bus: Bus
    let place: Place
    /// Whether a component names it, or something so like it that the mistake is there.
    var isUsed = false
}

extension LayoutReader {
    /// - Returns: The buses that are complete, in layout order.
    mutating func readBuses() -> [Bus] {
        var ports: [String: Place] = [:]
        var result: [Bus] = []
        for section in document.sections("buses", .bus) {
            let line = busLine(section)
            let owner =
                section.text("port").map { ("port", $0) }
                ?? section.text("host").map {
                    ("host", "\($0) port \(section.whole("tcpPort") ?? 0)")
                }
            if let (key, port) = owner {
                if let first = ports[port] {
                    report(section.place(of: key), "\(port) is already in use by \(first)")
                } else {
                    ports[port] = section.place
                }
            }
            guard let name = section.name("name", BusTag.self) else { continue }
            if let taken = busNames.take(name.text, at: section.place) {
                report(section.place(of: "name"), "\(taken)")
                continue
            }
            guard let line else { continue }
            let usualGap: Duration = line.isSerial ? .milliseconds(100) : .zero
            let bus = Bus(
                name: name, line: line, gap: section.duration("gap") ?? usualGap,
                isSimulated: section.flag("simulated") ?? false)
            buses[name] = BusDraft(bus: bus, place: section.place)
            result.append(bus)
        }
        return result
    }

    private mutating func busLine(_ section: Section) -> Bus.Line? {
        switch (section.says("port"), section.says("host")) {
        case (true, true):
            report(section.place, "has both port and host; a bus is either serial or TCP")
            return nil
        case (false, true):
            for key in ["baud", "parity", "stopBits"] where section.says(key) {
                report(section.place(of: key), "is for a serial bus; this one has a host")
            }
            guard let host = section.text("host"),
                let port = section.whole("tcpPort").flatMap(UInt16.init(exactly:))
            else { return nil }
            if let need = ByteLineAddress.need(ofHost: host) {
                report(section.place(of: "host"), "is \(host), must be \(need)")
            }
            return .tcp(host: host, port: port, carriesRtu: section.flag("rtuOverTcp") ?? false)
        case (let hasPort, false):
            let isSerial = hasPort || section.says("baud") || section.says("parity")
            if !isSerial {
                report(
                    section.place, "needs port and baud for a serial bus, or host for Modbus TCP")
                return nil
            }
            for key in ["port", "baud"] where !section.says(key) {
                report(
                    section.place,
                    key == "port"
                        ? "port is missing: the serial port, preferably /dev/serial/by-id/…"
                        : "baud is missing: the speed of every device on the bus, for example 9600")
            }
            for key in ["tcpPort", "rtuOverTcp"] where section.says(key) {
                report(section.place(of: key), "is for a bus with a host")
            }
            guard let port = section.text("port"), let baud = section.whole("baud"),
                let stopBits = section.whole("stopBits"),
                let parity: SerialSettings.Parity = section.word("parity")
            else { return nil }
            return .serial(
                SerialSettings(
                    port: port, baud: Int(baud), parity: parity, stopBits: Int(stopBits)))
        }
    }
}

extension LayoutReader {
    /// Reports unit numbers that no device can have on the bus that its component names.
    mutating func checkUnits(
        of spoken: SpokenSettings, on names: [BusName]
    ) {
        guard let line = names.first.flatMap({ buses[$0]?.bus.line }), line.isSerial else { return }
        for setting in spoken.type.description.settings {
            guard let node = spoken.checked.values[setting.name] else { continue }
            let units = node.values(of: setting.form) { if case .unit = $0 { true } else { false } }
            for unit in units {
                guard let number = unit.number?.wholeSteps(exponent: 0),
                    !Self.serialUnits.contains(number)
                else { continue }
                report(
                    unit.place,
                    "\(number) is not a unit of a serial line, must be 1 to 247"
                        + (number == 0 ? "; 0 is broadcast and gets no reply" : ""))
            }
        }
    }

    /// Source: MODBUS over Serial Line V1.02, 2.2.
    private static let serialUnits: ClosedRange<Int64> = 1...247
}

extension Bus.Line {
    /// Whether serial frames reach the units.
    fileprivate var isSerial: Bool {
        switch self {
        case .serial: true
        case .tcp(_, _, let carriesRtu): carriesRtu
        }
    }
}

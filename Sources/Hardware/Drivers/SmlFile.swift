import DriverKit
import Vocabulary

/// What an SML file says of its meter.
struct SmlFile: Sendable {
    private(set) var values = ObisValues()
    private(set) var serverId: [UInt8] = []
    /// What could not be read; nil when all could.
    private(set) var flaw: String?
    /// The values as they stand in the file; whose meter it is, is known only at its end.
    private var entries: [(code: ObisCode, node: SmlNode, unit: UInt8, scaler: Int?)] = []

    /// Reads the messages of a file. One that is damaged is left out, and what follows it too.
    init(_ bytes: [UInt8]) {
        var reader = SmlReader(bytes)
        while let next = reader.next {
            // Meters fill up with zeros between messages and behind them.
            if next == 0 {
                reader.skip()
            } else if let flaw = read(&reader) {
                self.flaw = flaw
                break
            }
        }
        let isDzg = hasDzgQuirk
        for entry in entries {
            values.add(Self.value(entry.node, entry.unit, entry.scaler, isDzg), as: entry.code)
        }
        entries = []
    }

    /// Reads one message.
    /// - Returns: What is wrong with it.
    private mutating func read(_ reader: inout SmlReader) -> String? {
        let start = reader.index
        guard reader.enterList() == 6 else {
            return "no SML message begins at byte \(start)"
        }
        var nodes: [SmlNode] = []
        for _ in 0..<4 {
            guard let node = reader.node() else {
                return "the SML message at byte \(start) is malformed"
            }
            nodes.append(node)
        }
        let covered = reader.bytes(from: start)
        guard let sent = reader.node()?.unsigned.flatMap(UInt16.init(exactly:)) else {
            return "the SML message at byte \(start) has no checksum"
        }
        let right = Checksum.x25(covered)
        let isRight = [right, Checksum.kermit(covered)].contains(sent.byteSwapped)
        guard isRight else {
            return "the SML message at byte \(start) has the checksum \(sent.byteSwapped.hex), "
                + "must be \(right.hex)"
        }
        guard let body = nodes[3].list, body.count == 2, body[0].unsigned == Self.listResponse,
            let response = body[1].list, response.count == 7
        else { return nil }
        serverId = response[1].octets ?? serverId
        for entry in response[4].list ?? [] { add(entry) }
        return nil
    }

    /// Source: SML 1.04, 5.1, "SML_GetList.Res".
    private static let listResponse: UInt64 = 0x0701

    private mutating func add(_ node: SmlNode) {
        guard let entry = node.list, entry.count == 7, let name = entry[0].octets, name.count == 6,
            entries.count < ObisValues.capacity
        else { return }
        let code = ObisCode(name[0], name[1], Array(name[2..<5]), period: name[5])
        let scaler: Int? =
            switch entry[4] {
            case .absent: 0
            case .signed(let number, _): Int(number)
            default: nil
            }
        entries.append((code, entry[5], UInt8(clamping: entry[3].unsigned ?? 255), scaler))
    }

    private static func value(
        _ node: SmlNode, _ unit: UInt8, _ scaler: Int?, _ hasDzgQuirk: Bool
    ) -> ObisValues.Value {
        let whole: Int64?
        let text: String
        switch node {
        case .signed(let number, let bytes):
            let isWrong = hasDzgQuirk && unit == watt && bytes < 4
            let mask = Int64(1) << Int64(8 * min(bytes, 4)) - 1
            whole = isWrong ? number & mask : number
            text = "\(whole ?? number)"
        case .unsigned(let number): (whole, text) = (Int64(exactly: number), "\(number)")
        case .flag(let flag): (whole, text) = (flag ? 1 : 0, "\(flag)")
        case .octets(let bytes): (whole, text) = (nil, bytes.prefix(24).hex)
        case .absent, .list: (whole, text) = (nil, "nothing")
        }
        let power = scaler.flatMap { scalers.contains($0) ? $0 : nil }
        let shown = scaler.map { "\($0)" } ?? "?"
        return ObisValues.Value(
            number: power.flatMap { power in
                whole.map { DecimalNumber(mantissa: $0, exponent: power) }
            },
            unit: MeterUnit(dlms: unit), text: scaler == 0 ? text : "\(text)·10^\(shown)")
    }

    private static let watt: UInt8 = 27
    /// No meter's step is finer than a nano or coarser than a giga.
    private static let scalers = -9...9

    /// Whether the meter is a DZG DVS74, which marks the small ones of its unsigned powers as signed.
    ///
    /// - Source: libsml, sml_list.c: the serial numbers that are concerned.
    private var hasDzgQuirk: Bool {
        let id = entries.first { $0.code == Self.serverIdCode }?.node.octets ?? serverId
        guard id.count == 10, id.starts(with: [0x0A, 0x01, 0x44, 0x5A, 0x47, 0x00]) else {
            return false
        }
        let number = id.suffix(4).reduce(0) { $0 << 8 | UInt64($1) }
        return (42_000_000...48_999_999).contains(number)
            || (55_000_000...58_999_999).contains(number)
    }

    private static let serverIdCode = ObisCode(1, 0, [96, 1, 0])
}

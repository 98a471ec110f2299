import DriverKit

/// Writes SML files as meters send them.
///
/// - Source: BSI TR-03109-1, annex IV, SML 1.04.
public enum SmlWriter {
    /// One value of a list response.
    public struct Entry: Sendable {
        /// `1-0:1.8.0`
        public let code: String
        /// As DLMS numbers them.
        public let unit: UInt8
        public let scaler: Int
        public let value: Int64

        public init(code: String, unit: UInt8, scaler: Int, value: Int64) {
            (self.code, self.unit, self.scaler, self.value) = (code, unit, scaler, value)
        }
    }

    /// A whole file: open response, list response, close response, escaped and with its checksum.
    ///
    /// - Parameters:
    ///   - serverId: Ten bytes for most meters.
    ///   - width: The bytes of each value, 1 to 8; nil for as few as it needs.
    public static func telegram(
        _ entries: [Entry],
        serverId: [UInt8] = [0x0A, 0x01, 0x54, 0x44, 0x47, 0x00, 0x01, 0x02, 0x03, 0x04],
        width: Int? = nil
    ) -> [UInt8] {
        let id = octets(serverId)
        let list = head(7, entries.count) + entries.flatMap { entry($0, width) }
        var payload =
            message(1, 0x0101, [0x76, 0x01, 0x01] + octets([0, 0, 0, 1]) + id + [0x01, 0x01])
            + message(2, 0x0701, [0x77, 0x01] + id + [0x01, 0x01] + list + [0x01, 0x01])
            + message(3, 0x0201, [0x71, 0x01])
        let padding = (4 - payload.count % 4) % 4
        payload += Array(repeating: 0, count: padding)
        var file: [UInt8] = [0x1B, 0x1B, 0x1B, 0x1B, 1, 1, 1, 1]
        var run = 0
        for byte in payload {
            file.append(byte)
            run = byte == 0x1B ? run + 1 : 0
            if run == 4 {
                file += [0x1B, 0x1B, 0x1B, 0x1B]
                run = 0
            }
        }
        file += [0x1B, 0x1B, 0x1B, 0x1B, 0x1A, UInt8(padding)]
        return file + checksum(file)
    }

    private static func message(_ number: UInt8, _ tag: UInt16, _ content: [UInt8]) -> [UInt8] {
        let covered: [UInt8] =
            [0x76] + octets([0, 0, 0, number]) + [0x62, 0x00, 0x62, 0x00, 0x72, 0x63]
            + [UInt8(tag >> 8), UInt8(tag & 0xFF)] + content
        return covered + [0x63] + checksum(covered) + [0x00]
    }

    private static func entry(_ entry: Entry, _ width: Int?) -> [UInt8] {
        let numbers = entry.code.split { !$0.isNumber }.compactMap { UInt8($0) }
        let least = (1...8).first { entry.value >> Int64($0 * 8 - 1) == entry.value.signum() >> 1 }
        let bytes = max(width ?? 1, least ?? 8)
        let value = (0..<bytes).reversed().map {
            UInt8(truncatingIfNeeded: entry.value >> Int64($0 * 8))
        }
        return [0x77] + octets(numbers + [255]) + [0x01, 0x01, 0x62, entry.unit, 0x52]
            + [UInt8(bitPattern: Int8(truncatingIfNeeded: entry.scaler)), 0x50 | UInt8(bytes + 1)]
            + value + [0x01]
    }

    private static func octets(_ bytes: [UInt8]) -> [UInt8] {
        bytes.count < 15
            ? [UInt8(bytes.count + 1)] + bytes
            : [0x80 | UInt8((bytes.count + 2) >> 4), UInt8((bytes.count + 2) & 0x0F)] + bytes
    }

    private static func head(_ kind: UInt8, _ count: Int) -> [UInt8] {
        count < 16
            ? [kind << 4 | UInt8(count)]
            : [0x80 | kind << 4 | UInt8(count >> 4 & 0x0F), UInt8(count & 0x0F)]
    }

    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        Checksum.x25(bytes).bigEndianBytes.reversed()
    }
}

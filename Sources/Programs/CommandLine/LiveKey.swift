/// A key of the live screen.
enum LiveKey: Hashable, Sendable {
    case up, down, pageUp, pageDown, home, end, quit

    /// The row to begin at after the key.
    func move(_ first: Int, room: Int) -> Int {
        switch self {
        case .up: max(0, first - 1)
        case .down: first + 1
        case .pageUp: max(0, first - max(1, room - 1))
        case .pageDown: first + max(1, room - 1)
        case .home: 0
        // Kept within the rows that there are when it is drawn.
        case .end: .max / 2
        case .quit: first
        }
    }
}

/// Reads keys out of the bytes that a terminal sends. Pure.
///
/// Source: ECMA-48, 5.4, control sequences; xterm, "PC-Style Function Keys".
struct LiveKeyReader: Sendable {
    /// The beginning of a sequence whose rest has not come yet.
    private var held: [UInt8] = []
    private static let longest = 16

    mutating func keys(in bytes: some Sequence<UInt8>) -> [LiveKey] {
        var keys: [LiveKey] = []
        for byte in bytes {
            if held.isEmpty {
                if byte == 0x1B { held = [byte] } else { keys += Self.plain(byte) }
                continue
            }
            held.append(byte)
            let isIntroducer =
                held.count == 2 && (byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O"))
            if isIntroducer { continue }
            if held.count == 2 {
                // An escape alone, and then another key.
                held = byte == 0x1B ? [byte] : []
                keys += Self.plain(byte)
            } else if (0x40...0x7E).contains(byte) {
                keys += Self.sequence(held)
                held = []
            } else if held.count >= Self.longest {
                held = []
            }
        }
        return keys
    }

    private static func plain(_ byte: UInt8) -> [LiveKey] {
        switch byte {
        case UInt8(ascii: "k"): [.up]
        case UInt8(ascii: "j"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): [.down]
        case UInt8(ascii: " "), UInt8(ascii: "f"), 0x06: [.pageDown]
        case UInt8(ascii: "b"), 0x02: [.pageUp]
        case UInt8(ascii: "g"): [.home]
        case UInt8(ascii: "G"): [.end]
        case UInt8(ascii: "q"), UInt8(ascii: "Q"): [.quit]
        default: []
        }
    }

    private static func sequence(_ bytes: [UInt8]) -> [LiveKey] {
        switch String(decoding: bytes.dropFirst(2), as: UTF8.self) {
        case "A": [.up]
        case "B": [.down]
        case "5~": [.pageUp]
        case "6~": [.pageDown]
        case "H", "1~", "7~": [.home]
        case "F", "4~", "8~": [.end]
        default: []
        }
    }
}

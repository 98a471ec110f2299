import Glibc
import Vocabulary

/// Damages bytes the way that strangers and disks do: a few at a time, and pieces again and again.
public struct Mangler {
    public var chance: SeededGenerator
    private let limit: Int
    private let tokens: [[UInt8]]

    /// Pieces that mean something to a reader of JSON.
    public static let json: [[UInt8]] = [
        "null", "1e99", "[[[[", "{\"a\":", "\"", "\\ud800", "\\u0000", "-0", "9999999999999999999",
        "[],", "{},", "1,", "\"\":1,", ",", ":", "]", "}", "//", "\u{9b}", "\u{2028}", "true", " ",
    ].map { Array($0.utf8) }

    /// - Parameters:
    ///   - limit: The most bytes that come out.
    ///   - tokens: Pieces that mean something to the reader.
    public init(seed: UInt64, limit: Int, tokens: [[UInt8]] = Mangler.json) {
        (chance, self.limit, self.tokens) = (SeededGenerator(seed: seed), limit, tokens)
    }

    /// How many inputs a test tries. `MUTATIONS` sets it.
    public static func rounds(_ usual: Int) -> Int {
        // Sound: the text is copied at once, and nothing in a test changes the environment.
        unsafe getenv("MUTATIONS").flatMap { unsafe Int(String(cString: $0)) } ?? usual
    }

    /// `bytes` with one to four damages.
    public mutating func mangled(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<number(1...4) {
            let at = number(0...max(0, bytes.count - 1))
            let isThere = at < bytes.count
            switch number(0...7) {
            case 0: bytes.removeSubrange(min(at, bytes.count)...)
            case 1 where isThere: bytes[at] = UInt8(number(0...255))
            case 2 where isThere: bytes[at] ^= 1 << UInt8(number(0...7))
            case 3 where isThere: bytes.remove(at: at)
            case 4: repeatPiece(of: &bytes, at: at)
            case 5:
                let token = tokens[number(0...tokens.count - 1)]
                bytes.insert(contentsOf: token, at: min(at, bytes.count))
            case 6:
                let token = tokens[number(0...tokens.count - 1)]
                let pieces = (0..<number(1...limit / 8)).lazy.flatMap { _ in token }
                bytes.insert(contentsOf: pieces.prefix(limit), at: min(at, bytes.count))
            default: bytes.insert(UInt8(number(0...255)), at: min(at, bytes.count))
            }
        }
        return Array(bytes.prefix(limit))
    }

    private mutating func repeatPiece(of bytes: inout [UInt8], at: Int) {
        let piece = Array(bytes.dropFirst(at).prefix(number(1...40)))
        // Few inputs are long, so that many can be tried.
        let most = number(0...3) == 0 ? limit : min(limit, 512)
        let count = number(1...max(1, most / max(1, piece.count)))
        bytes.insert(
            contentsOf: (0..<count).lazy.flatMap { _ in piece }, at: min(at, bytes.count))
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &chance)
    }
}

/// JSON that is made to cost more than it is long.
public enum DearJson {
    /// Pieces of one form, with what stands around them, about `size` bytes long.
    public static func filled(
        _ head: String, _ tail: String, of size: Int, _ piece: (Int) -> String
    ) -> [UInt8] {
        var bytes = Array(head.utf8)
        var index = 0
        while bytes.count < size {
            bytes += "\(index > 0 ? "," : "")\(piece(index))".utf8
            index += 1
        }
        return bytes + Array(tail.utf8)
    }

    /// About `size` bytes each, with words for what it is.
    public static func texts(of size: Int) -> [(name: String, bytes: [UInt8])] {
        func filled(_ head: String, _ piece: String, _ tail: String) -> [UInt8] {
            let count = max(1, (size - head.utf8.count - tail.utf8.count) / piece.utf8.count)
            return Array((head + String(repeating: piece, count: count) + tail).utf8)
        }
        func members(_ name: (Int) -> String, _ value: String) -> [UInt8] {
            var bytes = Array("{".utf8)
            var index = 0
            while bytes.count < size {
                bytes += "\(index > 0 ? "," : "")\"\(name(index))\":\(value)".utf8
                index += 1
            }
            return bytes + Array("}".utf8)
        }
        let long = String(repeating: "a", count: size / 2)
        return [
            ("a long name before a long list", filled("{\"\(long)\":[", "1,", "1]}")),
            ("a flat list", filled("[", "1,", "1]")),
            (
                "a flat list in deep ones",
                filled(
                    String(repeating: "[", count: 60), "1,",
                    "1"
                        + String(repeating: "]", count: 60))
            ),
            ("a list of empty lists", filled("[", "[],", "1]")),
            ("a list of empty objects", filled("[", "{},", "1]")),
            ("a list of lists of lists", filled("[", "[[[]]],", "1]")),
            ("a list of empty texts", filled("[", "\"\",", "1]")),
            ("many members", members({ String($0, radix: 16) }, "1")),
            ("many members of one name", members({ _ in "" }, "1")),
            ("many members of long names", members({ "\(long.prefix(1_000))\($0)" }, "[]")),
            ("many members that are objects", members({ String($0, radix: 36) }, "{}")),
            ("one long text", filled("\"", "a", "\"")),
            ("one text of escapes", filled("\"", "\\u0001", "\"")),
            ("one text of pairs", filled("\"", "\\ud83d\\ude00", "\"")),
            ("one text of bytes that are escaped when shown", filled("\"", "\u{7f}", "\"")),
            ("one long number", filled("", "9", "")),
            ("a list of long numbers", filled("[", "9223372036854775807,", "1]")),
            ("nothing but commas", filled("", ",", "")),
            ("nothing but colons in a list", filled("[1", ":", "")),
            ("nothing but opening brackets", filled("", "[", "")),
            ("nothing but quotation marks", filled("", "\"", "")),
            ("nothing but comments", filled("", "//,[\n", "1")),
            ("a list that never ends", filled("[", "1,", "")),
            ("no text at all", Array(repeating: 0xFF, count: size)),
            ("nothing but blanks", filled("", " ", "1")),
        ]
    }
}

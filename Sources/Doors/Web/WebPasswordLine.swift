/// A password as a file may keep it: `$scrypt$ln=14,r=8,p=5$SALT$KEY`, salt and key in base64 without padding.
///
/// Source: Password Hashing Competition, "PHC string format"; passlib writes and reads the same.
public struct WebPasswordLine: Hashable, Sendable, CustomStringConvertible {
    static let prefix = "$scrypt$"

    let cost: WebDigest.Cost
    let salt: [UInt8]
    let key: [UInt8]

    /// Stretches a password with a salt by chance.
    /// - Returns: Nil when there is not enough memory.
    public init?(of password: String, using generator: inout some RandomNumberGenerator) {
        let salt = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let cost = WebDigest.Cost()
        guard let key = WebDigest.scrypt(Array(password.utf8), salt: salt, cost) else { return nil }
        (self.cost, self.salt, self.key) = (cost, salt, key)
    }

    /// Reads a line.
    /// - Returns: Nil when it is none, or would take more than 256 MiB or an hour.
    init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt",
            let salt = Base64.bytes(parts[3]), (8...64).contains(salt.count),
            let key = Base64.bytes(parts[4]), key.count == 32
        else { return nil }
        var cost = WebDigest.Cost()
        for setting in parts[2].split(separator: ",") {
            let sides = setting.split(separator: "=")
            guard sides.count == 2, let number = Int(sides[1]) else { return nil }
            switch sides[0] {
            case "ln": cost.logN = number
            case "r": cost.r = number
            case "p": cost.p = number
            default: return nil
            }
        }
        guard (10...18).contains(cost.logN), (1...16).contains(cost.r), (1...16).contains(cost.p),
            cost.r << cost.logN <= 1 << 21
        else { return nil }
        (self.cost, self.salt, self.key) = (cost, salt, key)
    }

    public var description: String {
        "\(Self.prefix)ln=\(cost.logN),r=\(cost.r),p=\(cost.p)"
            + "$\(Base64.text(salt))$\(Base64.text(key))"
    }
}

/// What is wrong with a secret of the web server, without the secret.
public struct WebSecretProblem: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ words: String) { description = words }
}

/// Bytes as text.
///
/// Source: RFC 4648, 4, without padding.
enum Base64 {
    private static let letters = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var (bits, count) = (0, 0)
        for byte in bytes {
            (bits, count) = (bits << 8 | Int(byte), count + 8)
            while count >= 6 {
                count -= 6
                text.append(letters[bits >> count & 63])
            }
            bits &= 0xFF
        }
        if count > 0 { text.append(letters[bits << (6 - count) & 63]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Returns: Nil for what is no such text.
    static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (bits, count) = (0, 0)
        for letter in text.utf8 {
            guard let value = letters.firstIndex(of: letter) else { return nil }
            (bits, count) = (bits << 6 | value, count + 6)
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(bits >> count & 0xFF))
            }
            bits &= 0xFFF
        }
        return text.utf8.count % 4 == 1 ? nil : bytes
    }
}

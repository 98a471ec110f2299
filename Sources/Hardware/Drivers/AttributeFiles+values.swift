import DriverKit
import Vocabulary

extension AttributeFiles {
    /// The first line of an attribute, without blanks around it.
    /// - Throws: `.malformedReply` when the file is empty; else as `text(of:)`.
    func line(of path: String) throws(DriverError) -> String {
        let line = try text(of: path).prefix { $0 != "\n" }.trimmed
        guard !line.isEmpty else { throw DriverError(.malformedReply, "\(path): is empty") }
        return line
    }

    /// The number that an attribute holds.
    /// - Throws: `.malformedReply` when it holds anything else; else as `text(of:)`.
    func number(of path: String) throws(DriverError) -> DecimalNumber {
        let line = try line(of: path)
        guard let number = DecimalNumber(line) else {
            throw DriverError(.malformedReply, "\(path): \"\(line.shortened)\" is not a number")
        }
        return number
    }
}

extension StringProtocol {
    /// Without blanks and line ends around it.
    var trimmed: String {
        let isBlank: (Character) -> Bool = { $0.isWhitespace }
        guard let first = firstIndex(where: { !isBlank($0) }),
            let last = lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(self[first...last])
    }

    /// The start of it, short enough for a message.
    var shortened: String { count <= 60 ? String(self) : prefix(60) + "…" }
}

extension [String] {
    /// The first of them, few enough for a message.
    var fewJoined: String {
        let few = prefix(12).joined(separator: ", ")
        return count > 12 ? "\(few) and \(count - 12) more" : few
    }
}

extension DecimalNumber {
    /// This number × 10^`places`, exactly.
    func shifted(by places: Int) -> DecimalNumber {
        DecimalNumber(mantissa: mantissa, exponent: exponent + places)
    }
}

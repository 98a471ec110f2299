import Vocabulary

/// What a UPS server answers to `LIST …`, taken as it comes in. A pure value of bounded size.
///
/// - Source: RFC 9271, 4.2 ("LIST"), and Network UPS Tools, docs/net-protocol.txt.
struct NutReply: Sendable {
    /// How an answer ends.
    enum End: Hashable, Sendable {
        /// The last two words of each line, the second without its quotation marks.
        case list([String: String])
        /// What stands after ERR: `"DATA-STALE"`.
        case refused(String)
        case flawed(String)
    }

    /// Servers send lines of 512 bytes at most, and a few hundred of them.
    private static let longestLine = 1_024
    private static let mostEntries = 1_024

    private let query: [String]
    private var line: [UInt8] = []
    private var hasBegun = false
    private var entries: [String: String] = [:]

    /// - Parameter query: What is listed: `["VAR", "ups"]`.
    init(to query: [String]) { self.query = query }

    /// - Returns: How the answer ends, once it does.
    mutating func take(_ bytes: [UInt8]) -> End? {
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                guard line.count < Self.longestLine else {
                    return .flawed("a line is longer than \(Self.longestLine) bytes")
                }
                line.append(byte)
                continue
            }
            let text = String(decoding: line, as: UTF8.self)
            line = []
            if let end = take(line: text) { return end }
        }
        return nil
    }

    private mutating func take(line: String) -> End? {
        guard let words = Self.words(of: line) else { return unexpected(line) }
        if words.first == "ERR", words.count >= 2 { return .refused(words[1]) }
        if words == ["BEGIN", "LIST"] + query, !hasBegun {
            hasBegun = true
            return nil
        }
        if words == ["END", "LIST"] + query, hasBegun { return .list(entries) }
        guard hasBegun, words.count == query.count + 2, words.starts(with: query) else {
            return unexpected(line)
        }
        guard entries.count < Self.mostEntries else {
            return .flawed("more than \(Self.mostEntries) lines")
        }
        entries[words[query.count]] = words[query.count + 1]
        return nil
    }

    private func unexpected(_ line: String) -> End {
        .flawed(
            "\"\(line.printable(limit: 60))\" is no line of LIST \(query.joined(separator: " "))")
    }

    /// The words of a line. What stands in quotation marks is one, with `\"` and `\\` in it.
    /// - Returns: Nil when a quotation mark is missing.
    static func words(of line: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var (isQuoted, isEscaped) = (false, false)
        for letter in line where letter != "\r" {
            if isEscaped {
                word = (word ?? "") + String(letter)
                isEscaped = false
            } else if letter == "\\" {
                isEscaped = true
            } else if letter == "\"" {
                isQuoted.toggle()
                word = word ?? ""
            } else if letter == " ", !isQuoted {
                if let whole = word { words.append(whole) }
                word = nil
            } else {
                word = (word ?? "") + String(letter)
            }
        }
        if let whole = word { words.append(whole) }
        return isQuoted || isEscaped ? nil : words
    }
}

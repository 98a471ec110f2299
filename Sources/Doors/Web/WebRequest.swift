import HTTPTypes
import Vocabulary

/// A request that was let in, whole.
public struct WebRequest: Sendable {
    let head: WebHead
    public let target: WebTarget
    /// At most `WebLimits.body` bytes.
    public let body: [UInt8]
    public let requester: WebRequester
    /// What stands in the path where the route has braces.
    let words: [String: String]
    /// Whether it may go on, for one that is answered for hours: a session ends meanwhile.
    let mayStillAsk: @Sendable () -> Bool

    /// How it was asked.
    public var method: HTTPRequest.Method { head.method }
    /// What its head says beside.
    public var fields: HTTPFields { head.fields }

    /// The word of the path where the route has `{name}`.
    public func word(_ name: String) -> String {
        guard let word = words[name] else { preconditionFailure("the route has no {\(name)}") }
        return word
    }
}

/// Who asks.
public struct WebRequester: Hashable, Sendable, CustomStringConvertible {
    /// For logs and the history: `page`, or the name of a token.
    public let name: String
    public let rights: Set<WebRight>
    /// Whether it has shown a secret.
    public let isKnown: Bool

    public init(name: String, rights: Set<WebRight>, isKnown: Bool) {
        (self.name, self.rights, self.isKnown) = (name, rights, isKnown)
    }

    public var description: String { "web \(name)" }
}

/// Path and query of a request, without their percent signs.
public struct WebTarget: Hashable, Sendable {
    /// The longest target that is read, in bytes.
    static let longest = 2048
    /// The most parts of a path, and of a query.
    private static let mostParts = 32

    /// What stands between the slashes; an empty list for `/`.
    public let path: [String]
    private let query: [Part]

    private struct Part: Hashable, Sendable {
        let name: String
        let value: String
    }

    /// - Returns: Nil for what is no path of this server: without a slash in front, with an invalid escape, with
    ///   `.` or `..`, or that is not UTF-8.
    init?(_ text: String) {
        guard text.hasPrefix("/"), text.utf8.count <= Self.longest else { return nil }
        let halves = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var path: [String] = []
        let words = halves[0].split(separator: "/", maxSplits: Self.mostParts)
        guard words.count <= Self.mostParts else { return nil }
        for part in words {
            guard let word = Self.decoded(part, plusIsBlank: false), word != ".", word != "..",
                !word.contains("/")
            else { return nil }
            path.append(word)
        }
        var query: [Part] = []
        if halves.count == 2, !halves[1].isEmpty {
            let parts = halves[1].split(separator: "&", maxSplits: Self.mostParts)
            guard parts.count <= Self.mostParts else { return nil }
            for part in parts {
                let sides = part.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard let name = Self.decoded(sides[0], plusIsBlank: true),
                    let value = sides.count == 2
                        ? Self.decoded(sides[1], plusIsBlank: true) : .some("")
                else { return nil }
                query.append(Part(name: name, value: value))
            }
        }
        (self.path, self.query) = (path, query)
    }

    /// The value of a part of the query; nil when it is not there.
    public subscript(name: String) -> String? { query.first { $0.name == name }?.value }

    /// The query with another value of one part and without some, beginning with `?`.
    func query(with name: String, as value: String, without: [String]) -> String {
        let parts = query.filter { $0.name != name && !without.contains($0.name) }
            .map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }
        return "?" + (parts + ["\(name)=\(value)"]).joined(separator: "&")
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                String(Unicode.Scalar(byte))
            default: "%" + byte.hex.uppercased()
            }
        }.joined()
    }

    /// - Throws: When the query has a part that the route does not know, or one twice.
    public func check(_ known: [String]) throws(WebProblem) {
        var seen: Set<String> = []
        for part in query {
            guard known.contains(part.name) else {
                let words =
                    known.isEmpty
                    ? "none is known here"
                    : "known are "
                        + known.joined(separator: ", ")
                throw .query("\(part.name.printable(limit: 40)): unknown; \(words)")
            }
            guard seen.insert(part.name).inserted else {
                throw .query("\(part.name): stands twice")
            }
        }
    }

    private static func decoded(_ text: Substring, plusIsBlank: Bool) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit),
                    let low = rest.popFirst().flatMap(digit)
                else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsBlank: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        guard !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

import Vocabulary

/// A value of a JSON document together with its place in the text.
///
/// It is as small as it looks: what it says is read from the text when it is asked for, so keep what is
/// asked for often.
public struct JsonNode: Hashable, Sendable {
    enum Storage: Sendable {
        case read(JsonDocument, mark: UInt32)
        case made(Made)
    }

    /// What a program made instead of reading it.
    final class Made: Sendable {
        let value: JsonValue
        let place: Place

        init(_ value: JsonValue, _ place: Place) { (self.value, self.place) = (value, place) }
    }

    let storage: Storage

    /// A value made by a program, which stands for something at `place`.
    public init(_ value: JsonValue, at place: Place) { storage = .made(Made(value, place)) }

    init(_ document: JsonDocument, mark: Int) { storage = .read(document, mark: UInt32(mark)) }

    /// What it says.
    public var value: JsonValue {
        switch storage {
        case .read(let document, let mark): document.value(at: Int(mark))
        case .made(let made): made.value
        }
    }

    /// Where it stands.
    public var place: Place {
        switch storage {
        case .read(let document, let mark): Place(document, mark: Int(mark))
        case .made(let made): made.place
        }
    }

    /// The value's own bytes in the document; none when a program made it.
    public var bytes: ArraySlice<UInt8> {
        guard case .read(let document, let mark) = storage else { return [] }
        return document.bytes(of: Int(mark))
    }

    /// The same document with `mask` in place of what these nodes below it say. It must have been read.
    public func masking(_ nodes: [JsonNode], as mask: String) -> JsonNode {
        guard case .read(let document, let mark) = storage else { return self }
        let marks = nodes.compactMap { node -> Int? in
            if case .read(_, let mark) = node.storage { Int(mark) } else { nil }
        }
        return JsonNode(document.masking(marks, as: mask), mark: Int(mark))
    }

    public static func == (left: JsonNode, right: JsonNode) -> Bool {
        if case .read(let one, let mark) = left.storage, case .read(let two, mark) = right.storage,
            one === two
        {
            return true
        }
        return left.value == right.value && left.place == right.place
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

/// What JSON can say. Numbers stay exact decimals; members stay in the order of the text.
public enum JsonValue: Hashable, Sendable {
    case null
    case flag(Bool)
    case number(DecimalNumber)
    case text(String)
    case list(JsonList)
    case group(JsonGroup)

    /// What this is, for messages: `"a number"`.
    public var noun: String {
        switch self {
        case .null: "null"
        case .flag: "true or false"
        case .number: "a number"
        case .text: "a text"
        case .list: "a list"
        case .group: "an object"
        }
    }
}

// The value when it is of that kind; nil when it is of another.
extension JsonNode {
    /// A text, without its quotation marks and escapes.
    public var text: String? { if case .text(let text) = value { text } else { nil } }
    /// `true` or `false`.
    public var flag: Bool? { if case .flag(let flag) = value { flag } else { nil } }
    /// A number, exactly as written.
    public var number: DecimalNumber? {
        if case .number(let number) = value { number } else { nil }
    }
    /// The elements of a list.
    public var list: JsonList? { if case .list(let list) = value { list } else { nil } }
    /// The members of an object, in the order in which they stand.
    public var group: JsonGroup? { if case .group(let group) = value { group } else { nil } }

    /// The member called `name` of an object; nil when there is none or this is no object.
    public subscript(name: String) -> JsonNode? {
        guard case .read(let document, let mark) = storage else {
            return group?.first { $0.name == name }?.node
        }
        guard document.isObject(Int(mark)) else { return nil }
        return document.member(name, of: Int(mark)).map { JsonNode(document, mark: $0) }
    }
}

extension JsonNode {
    /// Whether the two say the same, wherever they stand and in whatever order their members are.
    public func says(theSameAs other: JsonNode) -> Bool {
        switch (value, other.value) {
        case (.list(let one), .list(let two)):
            one.count == two.count && zip(one, two).allSatisfy { $0.says(theSameAs: $1) }
        case (.group(let one), .group(let two)):
            one.count == two.count
                && one.allSatisfy { member in
                    other[member.name].map(member.node.says(theSameAs:)) ?? false
                }
        case (.number(let one), .number(let two)): one.says(theSameAs: two)
        case (let one, let two): one == two
        }
    }
}

extension DecimalNumber {
    /// Whether both are the same number, however many zeros each is written with.
    fileprivate func says(theSameAs other: DecimalNumber) -> Bool {
        let exponent = min(exponent, other.exponent)
        return self == other
            || nearestSteps(exponent: exponent).map {
                other.nearestSteps(exponent: exponent) == $0
            } ?? false
    }
}

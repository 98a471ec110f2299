import Vocabulary

/// A value of a JSON document together with its place in the text.
public struct JsonNode: Hashable, Sendable {
    public let value: JsonValue
    public let place: Place

    public init(_ value: JsonValue, at place: Place) {
        self.value = value
        self.place = place
    }
}

/// What JSON can say. Numbers stay exact decimals; members stay in the order of the text.
public indirect enum JsonValue: Hashable, Sendable {
    case null
    case flag(Bool)
    case number(DecimalNumber)
    case text(String)
    case list([JsonNode])
    case group([JsonMember])

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

/// One `"name": value` of an object.
public struct JsonMember: Hashable, Sendable {
    public let name: String
    public let namePlace: Place
    public let node: JsonNode

    public init(name: String, namePlace: Place, node: JsonNode) {
        self.name = name
        self.namePlace = namePlace
        self.node = node
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
    public var list: [JsonNode]? { if case .list(let list) = value { list } else { nil } }
    /// The members of an object, in the order in which they stand.
    public var group: [JsonMember]? { if case .group(let group) = value { group } else { nil } }

    /// The member called `name` of an object; nil when there is none or this is no object.
    public subscript(name: String) -> JsonNode? { group?.first { $0.name == name }?.node }
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

/// The elements of a list, one after the other. None is held: each is made when its turn comes.
public struct JsonList: Sequence, Sendable {
    private enum Storage: Sendable {
        case read(JsonDocument, mark: Int)
        case made([JsonNode])
    }

    private let storage: Storage

    init(_ document: JsonDocument, _ mark: Int) { storage = .read(document, mark: mark) }

    /// A list made by a program.
    public init(_ nodes: some Sequence<JsonNode>) { storage = .made(Array(nodes)) }

    /// Goes through them in the order of the text.
    public func makeIterator() -> Iterator {
        switch storage {
        case .read(let document, let mark):
            Iterator(document: document, mark: mark + 1, end: document.marks[mark].next)
        case .made(let nodes): Iterator(made: nodes[...])
        }
    }

    /// Whether there are none.
    public var isEmpty: Bool { first == nil }
    /// The first; nil when there are none.
    public var first: JsonNode? { first { _ in true } }
    /// How many there are, counted again each time.
    public var count: Int { reduce(0) { count, _ in count + 1 } }
    /// The element of that index, which must be there. It is sought from the start.
    public subscript(index: Int) -> JsonNode {
        guard index >= 0, let node = dropFirst(index).first(where: { _ in true }) else {
            preconditionFailure("a list is asked for an element that it has")
        }
        return node
    }

    /// Goes from element to element.
    public struct Iterator: IteratorProtocol {
        fileprivate var document: JsonDocument?
        fileprivate var mark = 0
        fileprivate var end = 0
        fileprivate var made: ArraySlice<JsonNode> = []

        public mutating func next() -> JsonNode? {
            guard let document else { return made.popFirst() }
            guard mark < end else { return nil }
            defer { mark = document.marks[mark].next }
            return JsonNode(document, mark: mark)
        }
    }
}

/// The members of an object, one after the other, each name once. None is held.
public struct JsonGroup: Sequence, Sendable {
    private enum Storage: Sendable {
        case read(JsonDocument, mark: Int)
        case made([JsonMember])
    }

    private let storage: Storage

    init(_ document: JsonDocument, _ mark: Int) { storage = .read(document, mark: mark) }

    /// An object made by a program.
    public init(_ members: some Sequence<JsonMember>) { storage = .made(Array(members)) }

    /// Goes through them in the order of the text.
    public func makeIterator() -> Iterator {
        switch storage {
        case .read(let document, let mark):
            Iterator(document: document, mark: mark + 1, end: document.marks[mark].next)
        case .made(let members): Iterator(made: members[...])
        }
    }

    /// The first; nil when there are none.
    public var first: JsonMember? { first { _ in true } }
    /// How many there are, counted again each time.
    public var count: Int { reduce(0) { count, _ in count + 1 } }
    /// The member of that index, which must be there. It is sought from the start.
    public subscript(index: Int) -> JsonMember {
        guard index >= 0, let member = dropFirst(index).first(where: { _ in true }) else {
            preconditionFailure("an object is asked for a member that it has")
        }
        return member
    }

    /// Goes from member to member.
    public struct Iterator: IteratorProtocol {
        fileprivate var document: JsonDocument?
        fileprivate var mark = 0
        fileprivate var end = 0
        fileprivate var made: ArraySlice<JsonMember> = []

        public mutating func next() -> JsonMember? {
            guard let document else { return made.popFirst() }
            while mark < end {
                let name = mark
                mark = document.marks[name + 1].next
                guard !document.marks[name].isRepeated else { continue }
                return JsonMember(
                    name: document.text(at: name), namePlace: Place(document, mark: name),
                    node: JsonNode(document, mark: name + 1))
            }
            return nil
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

// Two lists are equal when their elements are, wherever they come from.
extension JsonList: Hashable, ExpressibleByArrayLiteral {
    public init(arrayLiteral nodes: JsonNode...) { self.init(nodes) }

    public static func == (left: JsonList, right: JsonList) -> Bool { left.elementsEqual(right) }

    public func hash(into hasher: inout Hasher) { for node in self { hasher.combine(node) } }
}

// And two objects when their members are, in their order.
extension JsonGroup: Hashable, ExpressibleByArrayLiteral {
    public init(arrayLiteral members: JsonMember...) { self.init(members) }

    public static func == (left: JsonGroup, right: JsonGroup) -> Bool { left.elementsEqual(right) }

    public func hash(into hasher: inout Hasher) { for member in self { hasher.combine(member) } }
}

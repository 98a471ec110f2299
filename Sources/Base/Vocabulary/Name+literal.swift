/// A name written in the source as a literal. A malformed one is a bug and stops the program.
extension Name: ExpressibleByStringLiteral {
    public init(stringLiteral text: StaticString) { self.init(known: text) }
}

extension Name: ExpressibleByUnicodeScalarLiteral {
    public init(unicodeScalarLiteral text: StaticString) { self.init(known: text) }
}

extension Name: ExpressibleByExtendedGraphemeClusterLiteral {
    public init(extendedGraphemeClusterLiteral text: StaticString) { self.init(known: text) }
}

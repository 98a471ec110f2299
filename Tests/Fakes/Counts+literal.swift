import Vocabulary

extension Counts: ExpressibleByDictionaryLiteral {
    /// What everything of this kind has, with these in whole steps.
    public init(dictionaryLiteral elements: (Key, Int64)...) {
        self.init()
        for (count, number) in elements { self[count] = number }
    }
}

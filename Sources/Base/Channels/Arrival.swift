/// One element as a reader gets it, with what was lost right before it.
public struct Arrival<Element: Sendable>: Sendable {
    public let element: Element
    /// How many elements the reader would have got between the last one and this, had it been faster.
    public let lost: Int

    init(_ element: Element, lost: Int) {
        self.element = element
        self.lost = lost
    }
}

extension Arrival: Equatable where Element: Equatable {}

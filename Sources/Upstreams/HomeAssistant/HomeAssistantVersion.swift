/// A version of Home Assistant: `2025.4`.
struct HomeAssistantVersion: Hashable, Sendable, Comparable {
    let year: Int
    let month: Int

    init(_ year: Int, _ month: Int) { (self.year, self.month) = (year, month) }

    /// - Returns: Nil when `text` is not a year and a month, with or without a patch.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), text.utf8.count <= 10,
            parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let year = Int(parts[0]), let month = Int(parts[1]), (1...12).contains(month),
            (2000...2999).contains(year), parts.count == 2 || Int(parts[2]) != nil
        else { return nil }
        self.init(year, month)
    }

    /// The first that takes a whole device in one message.
    static let oldest = HomeAssistantVersion(2024, 12)

    static func < (left: Self, right: Self) -> Bool {
        (left.year, left.month) < (right.year, right.month)
    }
}

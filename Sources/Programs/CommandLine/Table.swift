import Vocabulary

/// Lines of columns that stand under each other.
package struct Table {
    /// Of a longer cell, which others wrote, the rest is left out.
    private static let widestCell = 1_000

    private let heads: [String]
    private var rows: [[String]] = []

    package init(_ heads: String...) { self.init(heads) }

    package init(_ heads: [String]) { self.heads = heads }

    /// - Parameter cells: One for each head.
    package mutating func add(_ cells: String...) { add(cells) }

    package mutating func add(_ cells: [String]) {
        rows.append(cells.map { $0.printable(limit: Self.widestCell) })
    }

    package var isEmpty: Bool { rows.isEmpty }

    /// The table as text lines, the heads first.
    package var lines: [String] {
        let all = [heads] + rows
        let widths = heads.indices.map { column in
            all.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column < row.count - 1 {
                    line += String(repeating: " ", count: widths[column] - cell.count + 2)
                }
            }
            return line
        }
    }
}

import Vocabulary

extension LiveTable {
    /// The terminal that the table is drawn on.
    package struct Window: Hashable, Sendable {
        /// What its keys do.
        package enum Keys: Sendable { case nothing, scroll, scrollAndQuit }

        var width = 100
        var height = 40
        var hasColours = false
        package var keys = Keys.nothing
        /// The first row that is shown, as the keys have it.
        package var first = 0
    }

    /// What is drawn.
    struct Page: Hashable, Sendable {
        let lines: [String]
        /// The first row that is shown; the one asked for, kept within the rows that there are.
        let first: Int
        /// How many rows fit.
        let room: Int
    }

    /// Room that is left above the table for what scrolls by, in windows that have it.
    private static func spare(_ height: Int) -> Int { height >= 20 ? 3 : 0 }

    func page(in window: Window, at now: Timestamp) -> Page {
        let entries = entries(at: now)
        let foot = foot(in: window, at: now)
        let free = window.height - 1 - Self.spare(window.height) - foot.count - 2
        let needsHint = entries.count > free
        let room = max(1, needsHint ? free - 1 : free)
        let first = max(0, min(window.first, entries.count - room))
        let shown = entries[first..<min(entries.count, first + room)]
        var lines = [Self.painted(Self.cut(headline(at: now), window.width), "1", window)]
        lines += table(shown, in: window)
        if needsHint {
            lines.append(
                Self.cut(hint(first, shown.count, of: entries.count, window.keys), window.width))
        }
        return Page(lines: lines + foot, first: first, room: room)
    }

    /// The title, and how its gateway stands when there is only one.
    private func headline(at now: Timestamp) -> String {
        if isStopped { return "\(title): stopped" }
        guard complaint == nil else { return "\(title): not connected" }
        guard gateways.count == 1, let (name, gateway) = gateways.first else { return title }
        let word = gateway.word(at: now.monotonic)
        let head = title.contains(name) ? title : "\(title), \(name)"
        return word.isEmpty ? head : "\(head): \(word)"
    }

    private func hint(_ first: Int, _ count: Int, of all: Int, _ keys: Window.Keys) -> String {
        let place = "rows \(first + 1) to \(first + count) of \(all)"
        return switch keys {
        case .nothing: "\(place); the window is too low for more"
        case .scroll: "\(place); arrows, PgUp and PgDn scroll"
        case .scrollAndQuit: "\(place); arrows, PgUp and PgDn scroll, q quits"
        }
    }

    // MARK: - Rows

    private func table(_ entries: ArraySlice<Entry>, in window: Window) -> [String] {
        let several = Set(rows.values.map(\.gateway)).union(gateways.keys).count > 1
        let heads = ["NODE", "CHANNEL", "VALUE", "QUALITY", "AGE", ""]
        let cells = entries.map { entry in
            [
                several ? "\(entry.gateway) \(entry.node)" : entry.node, entry.channel,
                entry.value, entry.quality, entry.age, entry.note,
            ].map { $0.printable(limit: Self.longest) }
        }
        let wanted = heads.indices.map { column in
            ([heads] + cells).map { $0[column].count }.max() ?? 0
        }
        let widths = Self.fit(wanted, into: window.width)
        let lines = ([heads] + cells).map { Self.line($0, widths) }
        let tones = [Tone.plain] + entries.map(\.tone)
        return zip(lines, tones).map { line, tone in
            switch tone {
            case .plain: line
            case .stale: Self.painted(line, "33", window)
            case .bad: Self.painted(line, "31", window)
            }
        }
    }

    /// The longest text of others that is looked at.
    private static let longest = 500
    private static let value = 2
    private static let gap = 2

    /// How wide each column is; nil for one that has no room. Names and notes are cut first; a value is
    /// whole or not there.
    static func fit(_ wanted: [Int], into width: Int) -> [Int?] {
        let least = [6, 8, wanted[value], wanted[3], wanted[4], 8]
        var widths: [Int?] = wanted.map { $0 == 0 ? nil : $0 }
        func total(_ widths: [Int?]) -> Int {
            let shown = widths.compactMap(\.self)
            return shown.reduce(0, +) + gap * max(0, shown.count - 1)
        }
        // Note, age, node, quality, channel: the last to go is the value.
        for next in [5, 4, 0, 3, 1, nil] as [Int?] {
            let smallest = zip(widths, least).map { width, least in width.map { min($0, least) } }
            if total(smallest) <= width || next == nil { break }
            if let next { widths[next] = nil }
        }
        for column in [5, 1, 0] {
            guard let now = widths[column], total(widths) > width else { continue }
            widths[column] = max(min(now, least[column]), now - (total(widths) - width))
        }
        if let number = widths[value], total(widths) > width { widths[value] = min(number, 1) }
        return widths
    }

    private static func line(_ cells: [String], _ widths: [Int?]) -> String {
        var line = ""
        for (column, (cell, width)) in zip(cells, widths).enumerated() {
            guard let width else { continue }
            if !line.isEmpty { line += String(repeating: " ", count: gap) }
            let isName = column < value
            // Half a number would be another number.
            let text =
                cell.count <= width
                ? cell : column == value ? "…" : isName ? middle(cell, width) : cut(cell, width)
            line += text + String(repeating: " ", count: max(0, width - text.count))
        }
        while line.hasSuffix(" ") { line.removeLast() }
        return line
    }

    /// The beginning and the end of a name, because names often differ in their ends.
    private static func middle(_ text: String, _ width: Int) -> String {
        guard width > 2 else { return String(text.prefix(max(0, width))) }
        let end = (width - 1) / 2
        return "\(text.prefix(width - 1 - end))…\(text.suffix(end))"
    }

    /// At most so many characters, cut between two words where there are some.
    package static func cut(_ text: String, _ width: Int) -> String {
        let text = text.printable(limit: longest)
        guard text.count > width else { return text }
        let start = text.prefix(max(0, width - 1))
        let word = start.lastIndex(of: " ").map { start[..<$0] } ?? start
        return (word.count * 2 > width ? word : start) + "…"
    }

    // MARK: - Foot

    /// What is wrong now, below the table.
    private func foot(in window: Window, at now: Timestamp) -> [String] {
        var lines: [[String]] = []
        let several = gateways.count > 1
        for (name, gateway) in gateways.sorted(by: { $0.key < $1.key }) {
            if gateway.isGone(at: now.monotonic) {
                lines.append([
                    name, gateway.word(at: now.monotonic), "", "its values are outdated",
                ])
            }
            for fault in gateway.faults + gateway.links {
                lines.append([
                    several ? "\(name) \(fault.who)" : fault.who, fault.kind,
                    fault.since.map { Self.age(from: $0, to: now.wall) } ?? "", fault.detail,
                ])
            }
        }
        var foot: [String] = []
        if !lines.isEmpty {
            let widths = (0..<3).map { column in lines.map { $0[column].count }.max() ?? 0 }
            let texts = lines.map { cells in
                zip(cells, widths).reduce("") { line, next in
                    let (cell, width) = next
                    return width == 0
                        ? line
                        : line + cell
                            + String(repeating: " ", count: width - cell.count + Self.gap)
                } + cells[3]
            }
            foot.append("\(lines.count) active \(lines.count == 1 ? "fault" : "faults")")
            foot += Self.wrapped(texts, window.width, most: max(1, window.height / 3 - 1))
        }
        if let complaint { foot.append(Self.cut(complaint, window.width)) }
        return foot.map { Self.painted($0, "31", window) }
    }

    /// Each text in as many lines as it needs, as long as there is room; what has none is counted.
    private static func wrapped(_ texts: [String], _ width: Int, most: Int) -> [String] {
        // Each has a line of its own before one has two.
        let spare = most - texts.count
        guard spare >= 0 else {
            return texts.prefix(most - 1).map { cut($0, width) }
                + ["… and \(texts.count - most + 1) more"]
        }
        var lines: [String] = []
        for (index, text) in texts.enumerated() {
            var rest = text.printable(limit: longest)
            while rest.count > width, width > 20, lines.count < index + spare {
                let line = rest.prefix(width)
                let end = line.lastIndex(of: " ") ?? line.endIndex
                lines.append(String(rest[..<end]))
                rest = "    " + rest[end...].drop { $0 == " " }
            }
            lines.append(cut(rest, width))
        }
        return lines
    }

    private static func painted(_ line: String, _ code: String, _ window: Window) -> String {
        window.hasColours && !line.isEmpty ? "\u{1B}[\(code)m\(line)\u{1B}[0m" : line
    }
}

/// Who may import whom, as `Package.swift` says.
struct Arrows {
    /// Rooms in the order of the list, each with what it lists.
    let rooms: [(name: String, dependencies: [String])]

    /// Modules of the toolchain that every room may import.
    static let toolchain: Set<String> = ["Dispatch", "Glibc", "Synchronization"]
    private static let products = [
        "logging": ["Logging"], "deque": ["DequeModule"], "nioCore": ["NIOCore"],
        "peerProducts": ["NIOCore", "NIOPosix", "NIOTLS", "NIOSSL"],
    ]

    /// - Parameter package: The text of `Package.swift`.
    init(package: String) {
        var rooms: [(name: String, dependencies: [String])] = []
        for start in ["room(\n", "room(.", ".executableTarget("] {
            var rest = package[...]
            while let found = rest.firstRange(of: start) {
                rest = rest[found.lowerBound...].drop { $0 != "(" }
                let call = Self.call(rest)
                // What only measures or tests may know whatever it measures or tests.
                if let room = Self.room(call), !call.contains("\"Tests/"), !call.contains(".tests,")
                {
                    rooms.append(room)
                }
                rest = rest.dropFirst()
            }
        }
        // A list may stand on a line of its own.
        let flat = package.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let place = { (name: String) in flat.firstRange(of: "\"\(name)\", [")?.lowerBound }
        self.rooms = rooms.sorted {
            guard let left = place($0.name) else { return false }
            guard let right = place($1.name) else { return true }
            return left < right
        }
    }

    /// What stands between a parenthesis and its partner.
    private static func call(_ text: Substring) -> Substring {
        var depth = 0
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return text[text.startIndex...index] }
        }
        return text
    }

    private static func room(_ call: Substring) -> (name: String, dependencies: [String])? {
        let words = call.split(separator: "\"", omittingEmptySubsequences: false)
        guard words.count > 1, let open = call.firstIndex(of: "["),
            let close = call.lastRange(of: "]", before: ["path:", "resources:"])
        else { return nil }
        let list = call[open...close]
        let pieces = list.split(separator: "\"", omittingEmptySubsequences: false)
        var dependencies = stride(from: 1, to: pieces.count, by: 2).map { String(pieces[$0]) }
        for (short, modules) in products where call.contains(short) { dependencies += modules }
        return (String(words[1]), dependencies)
    }

    /// Imports of a file that its room does not list.
    func breaches(_ file: SourceFile) -> [String] {
        guard let room = rooms.first(where: { $0.name == file.room }) else {
            return ["\(file.path): Package.swift has no room \(file.room)"]
        }
        return file.imports.filter {
            !Self.toolchain.contains($0.module) && !room.dependencies.contains($0.module)
        }.map { "\(file.place($0.line)): \(room.name) may not import \($0.module)" }
    }

    /// Arrows that go down the list, and those that only the program may have.
    var wrongArrows: [String] {
        var wrong: [String] = []
        var above: Set<String> = []
        for (name, dependencies) in rooms where name != "tidegate" {
            for dependency in dependencies
            where rooms.contains(where: { $0.name == dependency }) && !above.contains(dependency) {
                wrong.append("\(name) lists \(dependency), which stands below it")
            }
            if dependencies.contains("Wires") || dependencies.contains("Simulators") {
                wrong.append("\(name) chooses wires; only the program does")
            }
            above.insert(name)
        }
        return wrong
    }
}

extension SourceFile {
    /// The modules that the file imports, with the lines.
    var imports: [(module: String, line: Int)] {
        code.enumerated().compactMap { line, text in
            let words = text.split(separator: " ")
            guard let index = words.firstIndex(of: "import"), index <= 2, words.count > index + 1
            else { return nil }
            let kinds: Set<Substring> = [
                "struct", "class", "enum", "func", "protocol", "let", "var",
            ]
            let name = words.dropFirst(index + 1).first { !kinds.contains($0) } ?? ""
            return (String(name.prefix { $0 != "." }), line)
        }
    }
}

extension Substring {
    /// The last place of `text` before the first of some words.
    fileprivate func lastRange(of text: Character, before words: [String]) -> Index? {
        let ends = words.compactMap { firstRange(of: $0)?.lowerBound }
        return self[startIndex..<(ends.min() ?? endIndex)].lastIndex(of: text)
    }
}

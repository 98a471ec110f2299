/// Who may import whom, as `Package.swift` says.
struct Arrows {
    struct Room: Equatable {
        let name: String
        /// The floor that it stands on, as `Package.swift` calls it.
        let floor: String
        /// The modules that it lists.
        let dependencies: [String]
    }

    /// What the product is made of, in the order of the list: arrows go up in it.
    private(set) var rooms: [Room] = []
    /// What only measures or tests. It may know whatever it measures or tests.
    private(set) var tests: [Room] = []

    /// Modules of the toolchain that every room may import, and those that only tests may: each has
    /// `TestMachine` without listing it.
    static let toolchain: Set<String> = ["Dispatch", "Glibc", "Synchronization"]
    static let toolchainOfTests: Set<String> = ["Foundation", "TestMachine", "Testing"]
    private static let products = [
        "argumentParser": ["ArgumentParser"], "logging": ["Logging"], "deque": ["DequeModule"],
        "nioCore": ["NIOCore"], "asyncAlgorithms": ["AsyncAlgorithms"],
        "peerProducts": ["NIOCore", "NIOPosix", "NIOTLS", "NIOSSL"],
        "nioPosix": ["NIOPosix"], "nioSSL": ["NIOSSL"], "nioHttp": ["NIOHTTP1"],
        "nioEmbedded": ["NIOEmbedded"], "hummingbird": ["HummingbirdCore"],
        "httpTypes": ["HTTPTypes"],
    ]
    private static let beginnings = [" room(", " tests(", ".executableTarget("]

    /// - Parameter package: The text of `Package.swift`.
    init(package: String) {
        var rest = package[...]
        while let start = Self.beginnings.compactMap({ rest.firstRange(of: $0) })
            .min(by: { $0.lowerBound < $1.lowerBound })
        {
            rest = rest[start.upperBound...]
            // From the parenthesis that the beginning ends with.
            let call = Self.call(package[package.index(before: start.upperBound)...])
            guard let room = Self.room(call, isTest: package[start].contains("tests")) else {
                continue
            }
            if room.floor == "tests" { tests.append(room) } else { rooms.append(room) }
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

    private static func room(_ call: Substring, isTest: Bool) -> Room? {
        let words = call.split(separator: "\"", omittingEmptySubsequences: false)
        guard words.count > 1, let open = call.firstIndex(of: "["),
            let end = call.lastRange(of: "]", before: ["path:", "resources:", "exclude:"])
        else { return nil }
        let list = call[open...end]
        let pieces = list.split(separator: "\"", omittingEmptySubsequences: false)
        var dependencies = stride(from: 1, to: pieces.count, by: 2).map { String(pieces[$0]) }
        let names = call.split { !$0.isLetter }.map(String.init)
        for name in names { dependencies += products[name] ?? [] }
        // `(.base, "Vocabulary"`, `("NodesTests"`, `(name: "tidegate"`.
        let first = words[0].split { !$0.isLetter }.first.map(String.init) ?? ""
        let floor =
            isTest || call.contains("\"Tests/") ? "tests" : first == "name" ? "programs" : first
        return Room(name: String(words[1]), floor: floor, dependencies: dependencies)
    }

    /// Imports of a file that its room does not list.
    func breaches(_ file: SourceFile) -> [String] {
        guard let room = (rooms + tests).first(where: { $0.name == file.room }) else {
            return ["\(file.path): Package.swift has no room \(file.room)"]
        }
        let toolchain =
            room.floor == "tests" ? Self.toolchain.union(Self.toolchainOfTests) : Self.toolchain
        return file.imports.filter {
            !toolchain.contains($0.module) && !room.dependencies.contains($0.module)
        }.map { "\(file.place($0.line)): \(room.name) may not import \($0.module)" }
    }

    /// What rooms list and none of their files imports.
    func unused(in files: [SourceFile]) -> [String] {
        var imported: [String: Set<String>] = [:]
        for file in files { imported[file.room, default: []].formUnion(file.imports.map(\.module)) }
        return (rooms + tests).flatMap { room in
            room.dependencies.filter { imported[room.name]?.contains($0) != true }
                .map { "\(room.name) lists \($0), and no file of it imports that" }
        }
    }

    /// Arrows that go down the list, and those that only `Gateway` may have.
    var wrongArrows: [String] {
        var wrong: [String] = []
        var above: Set<String> = []
        for room in rooms {
            for dependency in room.dependencies
            where rooms.contains(where: { $0.name == dependency }) && !above.contains(dependency) {
                wrong.append("\(room.name) lists \(dependency), which stands below it")
            }
            let wires: Set = ["Wires", "Simulators"]
            if room.name != "Gateway", !wires.isDisjoint(with: room.dependencies) {
                wrong.append("\(room.name) chooses wires; only Gateway does")
            }
            above.insert(room.name)
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

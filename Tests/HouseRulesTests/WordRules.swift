/// Rules that a line of code keeps or breaks by the words in it.
enum WordRules {
    /// Time and chance come from outside, except in the files where they come from.
    static func timeAndChance(_ file: SourceFile) -> [String] {
        // The last stands for a device's own clock, on the far side of a real wire.
        let exempt = [
            "Sources/Programs/Host/SystemClock.swift",
            "Sources/Programs/Host/SystemChance.swift",
            "Simulators/FarEndThread.swift",
        ]
        guard !exempt.contains(file.path) else { return [] }
        let banned = [
            "Date()", "Date.now", "ContinuousClock", "SuspendingClock", "Task.sleep", "UUID()",
            "SystemRandomNumberGenerator", "DispatchTime", "arc4random", "getrandom(",
            "getentropy(",
            "clock_gettime", "gettimeofday",
        ]
        var found = words(banned, in: file)
        for (index, line) in file.code.enumerated() {
            for call in [".random(", ".shuffled(", ".randomElement(", ".shuffle("] {
                guard let start = line.firstRange(of: call) else { continue }
                // The call may go on for a few lines.
                let rest = ([String(line[start.upperBound...])] + file.code.dropFirst(index + 1))
                    .prefix(4).joined(separator: " ")
                if !rest.upToPartner.contains("using:") {
                    found.append("\(file.place(index)): \(call)…) without using:")
                }
            }
        }
        return found
    }

    /// What stops the program where it should have said what is wrong.
    static func traps(_ file: SourceFile) -> [String] {
        var found = words(["try!", "as!", "fatalError("], in: file)
        for (index, line) in file.code.enumerated() where line.forcesUnwrapping {
            found.append("\(file.place(index)): a force unwrap")
        }
        return found
    }

    static func length(_ file: SourceFile) -> [String] {
        let count = file.lines.count - (file.lines.last == "" ? 1 : 0)
        return count > 400 ? ["\(file.path): \(count) lines; 400 at most"] : []
    }

    /// What a person promises to the compiler about threads has its proof beside it.
    static func promises(_ file: SourceFile) -> [String] {
        file.code.indices.filter { index in
            let line = file.code[index]
            return line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)")
        }.filter { index in
            let own = file.lines[index].contains("//")
            return !own && !file.commentAbove(index).contains("//")
        }.map { "\(file.place($0)): a promise about threads without its proof" }
    }

    private static func words(_ banned: [String], in file: SourceFile) -> [String] {
        file.code.enumerated().flatMap { index, line in
            banned.filter { line.containsWord($0) }.map { "\(file.place(index)): \($0)" }
        }
    }
}

/// What stands below the codecs knows none of them by name.
enum CodecRule {
    /// The rooms that know several: the registry, and the program with its simulators.
    private static let rooms: Set<String> = [
        "StandardCodecs", "CommandLine", "Gateway", "tidegate", "Simulators",
    ]

    /// Comments may say where a form comes from. A codec's rooms bear its name.
    ///
    /// - Parameter name: As layouts call the codec.
    static func breaches(_ file: SourceFile, of name: String) -> [String] {
        let own = name.replacing("-", with: "")
        guard !rooms.contains(file.room), !file.room.lowercased().hasPrefix(own) else { return [] }
        return file.lines.enumerated().filter { index, line in
            let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line[...]
            return code.lowercased().contains(name)
        }.map { index, _ in "\(file.place(index)): names \(name)" }
    }
}

/// `unsafe` stands only where C is called, and each has its reason above it.
enum UnsafeRule {
    /// The rooms that call the system's libraries, and the simulators that stand in for their far ends.
    static let rooms: Set<String> = [
        "Wires", "Nodes", "Threads", "Journals", "GridworksParent", "Mqtt", "Peers", "Control",
        "Web", "Brokers",
        "Host", "CommandLine", "Gateway", "Simulators",
    ]

    /// The lock that the thread sanitizer can see, the system's words for its errors, the files that are part
    /// of the program, and the one cipher that a device needs.
    static let files: Set = [
        "Sources/Hardware/Drivers/P1Cipher.swift",
        "Sources/Base/Vocabulary/Guarded.swift", "Sources/Base/Vocabulary/SystemError.swift",
        "Sources/Hardware/Drivers/EmbeddedProfiles.swift",
    ]

    static func breaches(_ file: SourceFile) -> [String] {
        var found: [String] = []
        for (index, line) in file.code.enumerated() where line.containsWord("unsafe") {
            if !rooms.contains(file.room), !files.contains(file.path) {
                found.append("\(file.place(index)): unsafe in \(file.room)")
            } else if !hasReason(file, index) {
                found.append("\(file.place(index)): unsafe without a comment that says Sound")
            }
        }
        return found
    }

    /// A comment with `Sound` above it in the same member, before that member, or one further up that
    /// says that it holds below as well.
    private static func hasReason(_ file: SourceFile, _ index: Int) -> Bool {
        enum Place { case inMember, commentOfMember, outside }
        var place = Place.inMember
        for above in stride(from: index, through: 0, by: -1) {
            if let comment = file.lines[above].comment {
                if place != .outside, comment.contains("Sound") { return true }
                if comment.contains("Sound, here and below") { return true }
            } else if place == .inMember {
                if file.code[above].beginsMember { place = .commentOfMember }
            } else if !file.lines[above].trimmed.hasPrefix("@") {
                place = .outside
            }
        }
        return false
    }
}

/// Public declarations of the rooms that others build on say what their signatures cannot.
enum DocumentationRule {
    /// The rooms that only the program is built on.
    private static let exempt: Set<String> = [
        "Drivers", "Wires", "Host", "CommandLine", "Gateway", "tidegate", "Simulators",
    ]
    /// What the standard library's protocols ask for and explain.
    private static let known: Set<String> = [
        "description", "hash", "==", "<", "encode", "next", "advanced", "duration", "init", "id",
        "unownedExecutor", "enqueue", "asUnownedSerialExecutor", "checkIsolated",
        "isIsolatingCurrentContext",
    ]

    /// - Parameter requirements: Members of the repository's own protocols, which explain them.
    static func breaches(_ file: SourceFile, requirements: Set<String>) -> [String] {
        guard !exempt.contains(file.room) else { return [] }
        return file.code.enumerated().compactMap { index, line in
            guard let (kind, name) = line.publicDeclaration,
                !known.contains(name), !requirements.contains(name),
                // A stored value in a type that is explained says itself by its name and type.
                kind != "let", kind != "var" || line.contains("{"),
                !file.commentAbove(index).contains("///")
            else { return nil }
            return "\(file.place(index)): public \(kind) \(name) without a doc comment"
        }
    }

    /// The names of what the protocols in a file ask for.
    static func requirements(_ file: SourceFile) -> Set<String> {
        var names: Set<String> = []
        var depth = 0
        var protocolDepth: Int?
        for line in file.code {
            let words = line.words
            if words.contains("protocol"), line.contains("{") { protocolDepth = depth }
            if protocolDepth != nil {
                for keyword in ["func", "var"] {
                    if let at = words.firstIndex(of: keyword), at + 1 < words.count {
                        names.insert(words[at + 1])
                    }
                }
            }
            depth += line.count { $0 == "{" } - line.count { $0 == "}" }
            if let start = protocolDepth, depth <= start { protocolDepth = nil }
        }
        return names
    }
}

extension SourceFile {
    /// The comment lines right above a line, or above the attributes before it.
    func commentAbove(_ index: Int) -> String {
        var comment: [String] = []
        for above in stride(from: index - 1, through: 0, by: -1) {
            let line = lines[above].trimmed
            if line.hasPrefix("//") {
                comment.append(line)
            } else if !line.hasPrefix("@") {
                break
            }
        }
        return comment.reversed().joined(separator: "\n")
    }
}

extension String {
    var trimmed: String { String(drop { $0 == " " }) }

    /// The words and names of a line of code.
    var words: [String] {
        split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    }

    /// What the line says behind `//`, when it is nothing but a comment.
    fileprivate var comment: String? {
        let text = trimmed
        return text.hasPrefix("//") ? text : nil
    }

    /// Whether `word` stands in the line, and not as a part of a longer name or behind an `@`.
    func containsWord(_ word: String) -> Bool {
        var rest = self[...]
        while let found = rest.firstRange(of: word) {
            let before =
                found.lowerBound == startIndex ? " " : self[index(before: found.lowerBound)]
            let after = found.upperBound == endIndex ? " " : self[found.upperBound]
            let isLetter = { (character: Character) in
                character.isLetter || character.isNumber || "_@".contains(character)
            }
            let endsInName = word.last.map(isLetter) ?? false
            if !isLetter(before), !(endsInName && isLetter(after)),
                !(word == "unsafe" && before == "(") || after != ")"
            {
                return true
            }
            rest = rest[found.upperBound...]
        }
        return false
    }

    /// Up to the parenthesis that closes the one before this text.
    fileprivate var upToPartner: Substring {
        var depth = 1
        for index in indices {
            if self[index] == "(" { depth += 1 }
            if self[index] == ")" { depth -= 1 }
            if depth == 0 { return self[..<index] }
        }
        return self[...]
    }

    /// Whether a `!` stands right behind a value: `first!`, `at(0)!`, `list[0]!`; not `a != b`, `!a`.
    var forcesUnwrapping: Bool {
        for index in indices.dropFirst() where self[index] == "!" {
            let before = self[self.index(before: index)]
            let next = self.index(after: index)
            guard before.isLetter || before.isNumber || "_)]}\"".contains(before) else { continue }
            // These two are looked for by their names.
            if ["try", "as"].contains(self[..<index].split(separator: " ").last) { continue }
            if next == endIndex || self[next] != "=" { return true }
        }
        return false
    }

    private static let modifiers: Set<String> = [
        "public", "private", "fileprivate", "internal", "static", "final", "mutating",
        "nonisolated",
        "consuming", "override", "package", "nonmutating", "convenience", "indirect", "class",
        "borrowing",
    ]

    /// Whether a function, initializer, subscript or computed property begins here.
    fileprivate var beginsMember: Bool {
        var text = trimmed[...]
        while text.hasPrefix("@"), let space = text.firstIndex(of: " ") {
            text = text[text.index(after: space)...]
        }
        guard let word = String(text).words.first(where: { !Self.modifiers.contains($0) }) else {
            return false
        }
        if ["func", "init", "deinit", "subscript"].contains(word) { return true }
        let indentation = prefix { $0 == " " }.count
        return word == "var" && text.hasSuffix("{") && indentation <= 8 && !text.contains(" = ")
    }

    /// What is declared public in this line: its keyword and its name.
    fileprivate var publicDeclaration: (kind: String, name: String)? {
        let text = trimmed
        guard text.containsWord("public"), !text.hasPrefix("extension"), !text.contains("import ")
        else { return nil }
        let kinds: Set<String> = [
            "struct", "class", "enum", "actor", "protocol", "typealias", "func", "init", "var",
            "let", "subscript",
        ]
        let words = text.words
        guard let start = words.firstIndex(of: "public"),
            let at = words[start...].firstIndex(where: kinds.contains)
        else { return nil }
        let kind = words[at]
        if kind == "func", text.contains("func <") { return (kind, "<") }
        if kind == "func", text.contains("func ==") { return (kind, "==") }
        return (kind, kind == "init" || at + 1 >= words.count ? kind : words[at + 1])
    }
}

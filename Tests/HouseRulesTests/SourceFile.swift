import Foundation

/// One file of the repository, as text.
struct SourceFile: Sendable {
    /// From the repository's root: `Sources/Core/Nodes/ShNode.swift`.
    let path: String
    /// As written.
    let lines: [String]
    /// The same lines with comments and the contents of string literals blanked out.
    let code: [String]
    /// The same lines with everything but the contents of string literals blanked out.
    let literals: [String]

    init(_ path: String, _ text: String) {
        self.path = path
        lines = text.components(separatedBy: "\n")
        var scanner = CodeScanner(text)
        scanner.scan(untilParenthesis: false)
        code = scanner.code.components(separatedBy: "\n")
        literals = scanner.contents.components(separatedBy: "\n")
    }

    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The target that the file belongs to.
    var room: String {
        let parts = path.split(separator: "/").map(String.init)
        switch parts[0] {
        case "Simulators": return "Simulators"
        case "Tests": return parts[1] == "Bench" ? "bench" : parts[1]
        default:
            // A floor, and the room on it.
            guard parts.count > 3 else { return parts[1] }
            return parts[2] == "Tidegate" ? "tidegate" : parts[2]
        }
    }

    func place(_ index: Int) -> String { "\(path):\(index + 1)" }
}

/// The repository that these tests stand in.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The names in a folder, sorted.
    static func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            atPath: root.appendingPathComponent(folder).path
        ).sorted()
    }

    /// All files below the folders with one of the endings.
    static func files(_ folders: String..., ending: [String] = [".swift"]) throws -> [SourceFile] {
        var files: [SourceFile] = []
        for folder in folders {
            let start = root.appendingPathComponent(folder).path
            for name in try FileManager.default.subpathsOfDirectory(atPath: start).sorted()
            where ending.contains(where: name.hasSuffix) {
                files.append(SourceFile("\(folder)/\(name)", try text("\(folder)/\(name)")))
            }
        }
        return files
    }

    /// The pages that users read: not those for developers, and not the list of changes, which names old words.
    static func pages() throws -> [String] {
        let docs = root.appendingPathComponent("docs").path
        return try ["README.md"]
            + FileManager.default.subpathsOfDirectory(atPath: docs).sorted()
            .filter { $0.hasSuffix(".md") && !$0.hasPrefix("development/") }.map { "docs/\($0)" }
    }

    /// What the product is made of, read once.
    static func product() throws -> [SourceFile] { try read.get() }

    private static let read = Result { try files("Sources", "Simulators") }
}

/// Turns comments and the contents of string literals into spaces. What is interpolated into a string is
/// code and stays.
private struct CodeScanner {
    private let bytes: [UInt8]
    private var result: [UInt8]
    private var literals: [UInt8]
    private var at = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
        result = bytes
        literals = bytes.map { $0 == UInt8(ascii: "\n") ? $0 : UInt8(ascii: " ") }
    }

    var code: String { String(decoding: result, as: UTF8.self) }
    var contents: String { String(decoding: literals, as: UTF8.self) }

    private func starts(_ word: StaticString) -> Bool {
        starts(Array(word.description.utf8))
    }

    private func starts(_ word: [UInt8]) -> Bool {
        guard at + word.count <= bytes.count else { return false }
        for index in word.indices where bytes[at + index] != word[index] { return false }
        return true
    }

    /// Blanks `count` bytes out and steps over them. Line breaks stay.
    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where at < bytes.count {
            if bytes[at] != UInt8(ascii: "\n") { result[at] = UInt8(ascii: " ") }
            at += 1
        }
    }

    mutating func scan(untilParenthesis: Bool) {
        var depth = 0
        while at < bytes.count {
            // Few characters begin anything; the others are passed by quickly.
            switch bytes[at] {
            case UInt8(ascii: "/"), UInt8(ascii: "\""), UInt8(ascii: "#"), UInt8(ascii: "("),
                UInt8(ascii: ")"):
                break
            default:
                at += 1
                continue
            }
            if starts("//") {
                while at < bytes.count, bytes[at] != UInt8(ascii: "\n") { blank() }
            } else if starts("/*") {
                while at < bytes.count, !starts("*/") { blank() }
                blank(2)
            } else if let hashes = hashesOfString() {
                string(hashes)
            } else {
                if starts("(") { depth += 1 }
                if starts(")") {
                    if depth == 0, untilParenthesis { return }
                    depth -= 1
                }
                at += 1
            }
        }
    }

    /// How many `#` stand before the quotation mark that begins a string here; nil when none does.
    private func hashesOfString() -> Int? {
        var end = at
        while end < bytes.count, bytes[end] == UInt8(ascii: "#") { end += 1 }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "\"") else { return nil }
        return end - at
    }

    private mutating func string(_ hashes: Int) {
        let fence = [UInt8](repeating: UInt8(ascii: "#"), count: hashes)
        at += hashes
        let quote = [UInt8](repeating: UInt8(ascii: "\""), count: starts("\"\"\"") ? 3 : 1)
        at += quote.count
        let (end, escape) = (quote + fence, [UInt8(ascii: "\\")] + fence)
        let interpolation = escape + [UInt8(ascii: "(")]
        while at < bytes.count {
            if starts(end) {
                at += end.count
                return
            }
            if starts(interpolation) {
                at += interpolation.count
                scan(untilParenthesis: true)
                at += 1
            } else {
                let start = at
                blank(starts(escape) ? escape.count + 1 : 1)
                // An escaped character separates words.
                if at == start + 1 { literals[start] = bytes[start] }
            }
        }
    }
}

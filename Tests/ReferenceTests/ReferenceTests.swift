import DriverKit
import Drivers
import Foundation
import Health
import Layouts
import Nodes
import StandardCodecs
import Testing
import Vocabulary

/// The tables in `docs` say what the program says of itself. `make docs` writes it.
@Suite struct `The reference` {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docs")
    private static let begin = (start: "<!-- generated: ", end: " -->")
    private static let end = "<!-- end -->"

    private static var pages: [String] {
        get throws {
            try FileManager.default.subpathsOfDirectory(atPath: root.path)
                .filter { $0.hasSuffix(".md") }.sorted()
        }
    }

    /// The names of the blocks of a page, and the page with every block as the program has it now.
    static func renewed(
        _ page: String, with blocks: [String: [String]]
    ) -> (names: [String], text: String) {
        var (names, lines) = ([String](), [String]())
        var isInside = false
        for line in page.components(separatedBy: "\n") {
            if line == end { isInside = false }
            if !isInside { lines.append(line) }
            if line.hasPrefix(begin.start), line.hasSuffix(begin.end) {
                let name = String(line.dropFirst(begin.start.count).dropLast(begin.end.count))
                names.append(name)
                lines += [""] + (blocks[name] ?? []) + [""]
                isInside = true
            }
        }
        return (names, lines.joined(separator: "\n"))
    }

    @Test func `shows what the program describes now`() throws {
        let isWriting = ProcessInfo.processInfo.environment["TIDEGATE_RECORD"] != nil
        let blocks = Blocks.all
        var used: [String] = []
        for page in try Self.pages {
            let file = Self.root.appendingPathComponent(page)
            let old = try String(contentsOf: file, encoding: .utf8)
            let (names, text) = Self.renewed(old, with: blocks)
            used += names
            if isWriting, text != old {
                try text.write(to: file, atomically: true, encoding: .utf8)
            }
            #expect(isWriting || text == old, "docs/\(page) is old: make docs")
        }
        #expect(used.sorted() == blocks.keys.sorted(), "each block has one place in docs")
    }

    @Test func `has a phrase for each count, and a name of its own`() {
        func check<Key: Count>(_ counts: Key.Type) {
            #expect(Set(Key.allCases.map(\.key)).count == Key.allCases.count)
            #expect(Key.allCases.map(\.rawValue) == Array(0..<Key.allCases.count))
            for count in Key.allCases {
                let help = count.about.help
                #expect(help.contains(" ") && help.first?.isLowercase == true, "\(count)")
                #expect(help.last?.isLetter == true && help.count < 80, "\(count): \(help)")
            }
        }
        check(LinkCount.self)
        check(QueueCount.self)
        check(NodeCount.self)
    }

    @Test func `replaces a block and nothing else`() {
        let page = "# A\n<!-- generated: one -->\nold\n<!-- end -->\nprose\n"
        let (names, text) = Self.renewed(page, with: ["one": ["new"]])
        #expect(names == ["one"])
        #expect(text == "# A\n<!-- generated: one -->\n\nnew\n\n<!-- end -->\nprose\n")
        #expect(Self.renewed(text, with: ["one": ["new"]]).text == text)
    }

    @Test func `links to pages and headings that are there`() throws {
        let docs = Self.root
        let top = docs.deletingLastPathComponent()
        let names = try FileManager.default.subpathsOfDirectory(atPath: docs.path).sorted()
        let pages =
            names.filter { $0.hasSuffix(".md") }.map { docs.appendingPathComponent($0) }
            + ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(top.appendingPathComponent)
        let texts = try Dictionary(
            uniqueKeysWithValues: pages.map {
                ($0.path, try String(contentsOf: $0, encoding: .utf8))
            })
        for page in pages {
            for link in Self.links(of: texts[page.path] ?? "") {
                let parts = link.split(separator: "#", omittingEmptySubsequences: false)
                let path = page.deletingLastPathComponent()
                    .appendingPathComponent(String(parts[0])).standardizedFileURL.path
                let target = parts[0].isEmpty ? page.path : path
                #expect(FileManager.default.fileExists(atPath: target), "\(page.path): \(link)")
                guard parts.count > 1, let text = texts[target] else { continue }
                let isThere = Self.anchors(of: text).contains(String(parts[1]))
                #expect(isThere, "\(page.path): \(link)")
            }
        }
    }

    @Test func `shows layouts that load`() throws {
        let docs = Self.root
        let names = try FileManager.default.subpathsOfDirectory(atPath: docs.path).sorted()
        var count = 0
        for name in names where name.hasSuffix(".md") {
            let page = try String(contentsOf: docs.appendingPathComponent(name), encoding: .utf8)
            for block in page.components(separatedBy: "```jsonc\n").dropFirst() {
                let example = block.components(separatedBy: "\n```")[0]
                guard let layout = Self.layout(example, isOfDriver: name.contains("drivers/"))
                else { continue }
                let (_, problems) = LayoutReader.read(
                    Array(layout.utf8), registry: .standard, codecs: .standard)
                #expect(problems.map(\.description) == [], "\(name)")
                count += 1
            }
        }
        #expect(count > DriverRegistry.standard.drivers.count)
    }

    /// The layout that an example is, or that it is a node of; nil for other parts.
    private static func layout(_ example: String, isOfDriver: Bool) -> String? {
        if example.contains("\"gateway\":"), example.contains("\"nodes\":") { return example }
        guard isOfDriver else { return nil }
        return """
            {"gateway": "d1.example", "nodes": [\(example)],
             "buses": [\(example.contains("rs485") ? bus : "")]}
            """
    }

    private static let bus = #"{"name": "rs485", "port": "/dev/ttyUSB0", "baud": 9600}"#

    /// Where a page leads to, but for other sites.
    private static func links(of text: String) -> [String] {
        text.components(separatedBy: "](").dropFirst()
            .map { String($0.prefix { $0 != ")" }) }.filter { !$0.hasPrefix("http") }
    }

    /// What a heading is called in an address, by GitHub's rule.
    private static func anchors(of text: String) -> Set<String> {
        Set(
            text.components(separatedBy: "\n").filter { $0.hasPrefix("#") }.map { line in
                line.drop { $0 == "#" || $0 == " " }.lowercased().replacing(" ", with: "-")
                    .filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
            })
    }
}

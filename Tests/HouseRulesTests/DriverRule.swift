/// A driver is four things in four places; the model's name ties them together.
enum DriverRule {
    /// - Parameter models: The type's name and the model of each driver in the registry.
    static func breaches(
        files: [String], registry: String, readme: String, tests: [String],
        models: [(type: String, model: String)]
    ) -> [String] {
        var found: [String] = []
        for (type, model) in models {
            if !files.contains("\(type).swift") { found.append("\(model): no file \(type).swift") }
            if !readme.contains("\n| `\(model)` |") { found.append("\(model): no README row") }
            if !tests.contains("\(type)Tests.swift") {
                found.append("\(model): no test file \(type)Tests.swift")
            }
        }
        let listed = registry.split(separator: "\n").map(String.init)
            .filter { $0.hasSuffix("Driver.self,") }
            .map { String($0.trimmed.prefix { $0 != "." }) }
        for file in files where file.hasSuffix("Driver.swift") {
            let type = String(file.dropLast(".swift".count))
            if !listed.contains(type) { found.append("\(file): no line in the registry") }
        }
        if listed != listed.sorted() { found.append("the registry is not in alphabetical order") }
        let rows = readme.split(separator: "\n").filter { $0.hasPrefix("| `") }
            .compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
        for row in rows where !models.contains(where: { $0.model == row }) {
            found.append("README: there is no driver \(row)")
        }
        return found
    }
}

/// What users can write down is explained to them.
enum SettingsRule {
    /// The keys that a file of the layout's sections describes.
    static func layoutKeys(_ file: SourceFile) -> [String] {
        let text = file.lines.joined(separator: "\n")
        return text.split(separator: "LayoutKey(", omittingEmptySubsequences: false).dropFirst()
            .compactMap { piece in
                let words = piece.split(
                    separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
                let isFirst = words.first?.allSatisfy(\.isWhitespace) ?? false
                return isFirst && words.count > 1 ? String(words[1]) : nil
            }
    }

    static func keysMissing(_ keys: [String], in readme: String) -> [String] {
        keys.filter { !readme.contains("\n| `\($0)` |") }
    }

    /// The options and environment variables that the program resolves its settings from.
    static func namesOfRun(_ source: String) -> [String] {
        let words = source.split(separator: "\"", omittingEmptySubsequences: false).map(String.init)
        return stride(from: 1, to: words.count, by: 2).map { words[$0] }
            .filter { $0.hasPrefix("--") || $0.hasPrefix("TIDEGATE_") }
    }

    static func namesMissing(_ names: [String], in readme: String) -> [String] {
        names.filter { !readme.contains("`\($0)`") }
    }
}

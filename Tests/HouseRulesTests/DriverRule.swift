/// A driver is four things in four places; the model's name ties them together.
enum DriverRule {
    /// - Parameter models: The type's name and the model of each driver in the registry.
    static func breaches(
        files: [String], registry: String, pages: [String], tests: [String],
        models: [(type: String, model: String)]
    ) -> [String] {
        var found: [String] = []
        for (type, model) in models {
            if !files.contains("\(type).swift") { found.append("\(model): no file \(type).swift") }
            if !pages.contains("\(model).md") { found.append("\(model): no page \(model).md") }
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
        for page in pages where page != "README.md" {
            if !models.contains(where: { "\($0.model).md" == page }) {
                found.append("\(page): there is no such driver")
            }
        }
        return found
    }
}

/// What users can write down is explained to them. `ReferenceTests` does the same for keys and commands.
enum SettingsRule {
    /// The options and environment variables that the program resolves its settings from.
    static func namesOfRun(_ source: String) -> [String] {
        let words = source.split(separator: "\"", omittingEmptySubsequences: false).map(String.init)
        return stride(from: 1, to: words.count, by: 2).map { words[$0] }
            .filter { $0.hasPrefix("--") || $0.hasPrefix("TIDEGATE_") }
    }

    static func namesMissing(_ names: [String], in page: String) -> [String] {
        names.filter { !page.contains("`\($0)`") }
    }
}

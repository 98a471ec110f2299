import Documents
import Vocabulary

/// Keeps secrets out of layouts, which are shown, copied, versioned and logged.
enum LayoutSecrets {
    static let words =
        "{\"file\": \"PATH\"}, {\"environment\": \"NAME\"} or {\"credential\": \"NAME\"}"

    /// Stands where a secret stood, so that no later message can repeat it.
    static let removed = "(removed)"

    /// - Returns: The document without its secrets, and a problem for each.
    static func removed(
        from document: JsonNode, text bytes: [UInt8]
    ) -> (document: JsonNode, problems: ProblemList) {
        var found = Found()
        look(at: document, isSecret: false, &found)
        let reported = Set(found.problems.map(\.place.line))
        found.problems += armour(in: bytes).filter { !reported.contains($0.place.line) }
        let isClean = found.nodes.isEmpty
        return (isClean ? document : document.masking(found.nodes, as: removed), found.problems)
    }

    private struct Found {
        var nodes: [JsonNode] = []
        var problems = ProblemList()

        mutating func add(_ node: JsonNode, _ message: String) {
            nodes.append(node)
            problems.append(Problem(node.place, message))
        }
    }

    /// Keys in PEM armour anywhere in the text, comments included.
    static func armour(in bytes: [UInt8]) -> ProblemList {
        let mark = Array("-----BEGIN".utf8)
        var problems = ProblemList()
        var (rest, line) = (bytes[...], 1)
        while let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            ?? (rest.isEmpty ? nil : rest.endIndex)
        {
            if rest[..<end].contains(mark) {
                problems.append(Problem(Place(path: "", line: line, column: 1), pem))
            }
            (rest, line) = (rest[end...].dropFirst(), line + 1)
        }
        return problems
    }

    private static let pem =
        "a layout must not contain a key or certificate; write the path of its file instead"

    private static func look(at node: JsonNode, isSecret: Bool, _ found: inout Found) {
        switch node.value {
        case .group(let members):
            for member in members {
                look(at: member.node, isSecret: looksSecret(member.name), &found)
            }
        case .list(let nodes): for node in nodes { look(at: node, isSecret: isSecret, &found) }
        case .text(let text):
            if let message = message(for: text, isSecret: isSecret) { found.add(node, message) }
        case .number where isSecret: found.add(node, plain)
        case .null, .flag, .number: break
        }
    }

    private static let plain = "a layout must not contain a secret; write \(words)"

    private static func message(for text: String, isSecret: Bool) -> String? {
        if text.contains("-----BEGIN") { return pem }
        if isSecret { return plain }
        if holdsUserAndPassword(text) {
            return "an address must not contain a password; set user, and where the "
                + "password is kept in password"
        }
        return nil
    }

    /// Whether a key's name promises a secret: `password`, `apiKey`, `access_token`.
    private static func looksSecret(_ key: String) -> Bool {
        let letters = key.lowercased().filter(\.isLetter)
        return [
            "password", "passwd", "passphrase", "secret", "token", "apikey", "privatekey",
        ].contains { letters.contains($0) }
    }

    /// Whether `text` holds an address such as `mqtt://user:word@host`.
    private static func holdsUserAndPassword(_ text: String) -> Bool {
        var rest = text[...]
        while let start = rest.firstRange(of: "://") {
            rest = rest[start.upperBound...]
            let ca = rest.prefix { !" \t/\"'".contains($0) }
            if let at = ca.lastIndex(of: "@"), ca[..<at].contains(":") {
                return true
            }
        }
        return false
    }

    /// What is wrong with an object that should say where a secret stands.
    static func problems(inSource node: JsonNode) -> ProblemList {
        let keys = ["file", "environment", "credential"]
        let members = node.group ?? []
        var problems = ProblemList()
        for member in members where !keys.contains(member.name) {
            problems.append(
                Problem(
                    member.namePlace, "is unknown" + didYouMean(member.name, among: keys)))
        }
        let given = members.filter { keys.contains($0.name) }
        if given.count > 1 || (given.isEmpty && problems.isEmpty) {
            problems.append(Problem(node.place, "must have exactly one of \(words)"))
        }
        for member in given {
            switch (member.name, member.node.text) {
            case (_, nil), (_, ""):
                problems.append(Problem(member.node.place, "must be a text"))
            case ("file", let path?) where !path.hasPrefix("/"):
                problems.append(Problem(member.node.place, "must be a path that starts with /"))
            case ("credential", let name?) where name.contains("/") || name.hasPrefix("."):
                problems.append(
                    Problem(member.node.place, "must be a credential's name, not a path"))
            default: break
            }
        }
        return problems
    }

    /// Where a secret stands, from an object without problems.
    static func source(_ node: JsonNode) -> SecretSource? {
        if let path = node["file"]?.text { return .file(path) }
        if let name = node["environment"]?.text { return .environment(name) }
        return node["credential"]?.text.map(SecretSource.credential)
    }
}

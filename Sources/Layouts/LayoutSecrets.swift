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
    ) -> (document: JsonNode, problems: [Problem]) {
        var problems: [Problem] = []
        let cleaned = cleaned(document, isSecret: false, &problems)
        let told = Set(problems.map(\.place.line))
        return (cleaned, problems + armour(in: bytes).filter { !told.contains($0.place.line) })
    }

    /// Keys in PEM armour anywhere in the text, comments included.
    static func armour(in bytes: [UInt8]) -> [Problem] {
        let mark = Array("-----BEGIN".utf8)
        var problems: [Problem] = []
        for (index, line) in bytes.split(separator: 10, omittingEmptySubsequences: false)
            .enumerated()
        {
            guard line.contains(mark) else { continue }
            problems.append(Problem(Place(path: "", line: index + 1, column: 1), pem))
        }
        return problems
    }

    private static let pem =
        "a key or certificate must not stand in a layout; write the path of its file instead"

    private static func cleaned(
        _ node: JsonNode, isSecret: Bool, _ problems: inout [Problem]
    ) -> JsonNode {
        var node = node
        switch node.value {
        case .group(let members):
            node = JsonNode(
                .group(
                    members.map { member in
                        JsonMember(
                            name: member.name, namePlace: member.namePlace,
                            node: cleaned(
                                member.node, isSecret: looksSecret(member.name), &problems))
                    }), at: node.place)
        case .list(let nodes):
            node = JsonNode(
                .list(nodes.map { cleaned($0, isSecret: isSecret, &problems) }), at: node.place)
        case .text(let text):
            guard let message = message(for: text, isSecret: isSecret) else { return node }
            problems.append(Problem(node.place, message))
            return JsonNode(.text(removed), at: node.place)
        case .number where isSecret:
            problems.append(Problem(node.place, plain))
            return JsonNode(.text(removed), at: node.place)
        case .null, .flag, .number:
            break
        }
        return node
    }

    private static let plain = "a secret must not stand in a layout; write \(words)"

    private static func message(for text: String, isSecret: Bool) -> String? {
        if text.contains("-----BEGIN") { return pem }
        if isSecret { return plain }
        if holdsUserAndPassword(text) {
            return "an address must not hold a password; name the user in user and where the "
                + "password stands in password"
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
            let authority = rest.prefix { !" \t/\"'".contains($0) }
            if let at = authority.lastIndex(of: "@"), authority[..<at].contains(":") {
                return true
            }
        }
        return false
    }

    /// What is wrong with an object that should say where a secret stands.
    static func problems(inSource node: JsonNode) -> [Problem] {
        let keys = ["file", "environment", "credential"]
        let members = node.group ?? []
        var problems = members.filter { !keys.contains($0.name) }.map {
            Problem($0.namePlace, "is unknown here" + didYouMean($0.name, among: keys))
        }
        let given = members.filter { keys.contains($0.name) }
        if given.count > 1 || (given.isEmpty && problems.isEmpty) {
            problems.append(Problem(node.place, "must be \(words), one of them"))
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

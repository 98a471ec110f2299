import Documents
import Vocabulary

/// Who may come, and what they may ask for: the file that pairing writes.
///
/// `{"ca": "/PATH.pem", "peers": [{"name": …, "fingerprint": …, "rights": ["read", "switch"]}]}`
public struct PeerList: Hashable, Sendable {
    /// One peer.
    public struct Entry: Hashable, Sendable {
        /// For logs; and the DNS name in its certificate when it has no fingerprint here.
        public let name: String
        public let fingerprint: Fingerprint?
        public let rights: Set<PeerRight>

        public init(name: String, fingerprint: Fingerprint?, rights: Set<PeerRight>) {
            (self.name, self.fingerprint, self.rights) = (name, fingerprint, rights)
        }
    }

    /// A PEM file of the authority that every peer's certificate must come from; nil for certificates
    /// that stand for themselves.
    public let ca: String?
    public private(set) var entries: [Entry]

    public init(ca: String? = nil, entries: [Entry] = []) {
        (self.ca, self.entries) = (ca, entries)
    }

    /// The entry of a certificate. A fingerprint goes before a name.
    ///
    /// - Parameter names: The DNS names in the certificate that an authority has signed.
    func entry(_ fingerprint: Fingerprint, names: [String]) -> Entry? {
        if let entry = entries.first(where: { $0.fingerprint == fingerprint }) { return entry }
        guard ca != nil else { return nil }
        return entries.first { $0.fingerprint == nil && names.contains($0.name) }
    }

    /// The same list with `entry` in place of what bore its name or fingerprint.
    public func adding(_ entry: Entry) -> PeerList {
        let others = entries.filter {
            $0.name != entry.name
                && ($0.fingerprint == nil || $0.fingerprint != entry.fingerprint)
        }
        return PeerList(ca: ca, entries: others + [entry])
    }

    /// What may be called a peer: 1 to 64 letters, digits and `.-_`.
    public static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: ".-_".utf8.contains($0)
                }
            }
    }

    /// The list as a file's text.
    public var text: String {
        var members: [(name: String, value: JsonValue)] = []
        if let ca { members.append(("ca", .text(ca))) }
        let peers = entries.map { entry in
            var members: [(name: String, value: JsonValue)] = [("name", .text(entry.name))]
            if let fingerprint = entry.fingerprint {
                members.append(("fingerprint", .text("\(fingerprint)")))
            }
            members.append(
                ("rights", .array(entry.rights.sorted().map { .text($0.rawValue) })))
            return JsonValue.object(members)
        }
        members.append(("peers", .array(peers)))
        return JsonValue.object(members).prettyText + "\n"
    }
}

// MARK: - Reading

extension PeerList {
    /// Reads a list's text.
    ///
    /// - Returns: The list, nil when anything is wrong with it, and every problem with its place.
    public static func read(_ bytes: [UInt8]) -> (list: PeerList?, problems: ProblemList) {
        let (document, problems) = JsonParser.parse(bytes)
        guard let document else { return (nil, problems) }
        var reading = PeerListReading(problems: problems)
        let list = reading.list(document)
        return reading.problems.isEmpty ? (list, []) : (nil, reading.problems)
    }
}

/// One reading of a list, collecting all that is wrong.
private struct PeerListReading {
    var problems: ProblemList
    private var names: Set<String> = []
    private var fingerprints: Set<Fingerprint> = []

    init(problems: ProblemList) { self.problems = problems }

    mutating func list(_ document: JsonNode) -> PeerList? {
        checkKeys(document, ["ca", "peers"], noun: "a list of peers")
        let ca = document["ca"]
        if let ca, ca.text?.hasPrefix("/") != true {
            report(ca, "must be a path that starts with /")
        }
        guard let peers = document["peers"] else {
            if document.group != nil { report(document, "peers is missing: a list of peers") }
            return nil
        }
        guard let list = peers.list else {
            report(peers, "must be a list of peers, not \(peers.value.noun)")
            return nil
        }
        var entries: [PeerList.Entry] = []
        for element in list {
            if let entry = entry(element, hasCa: ca != nil) { entries.append(entry) }
        }
        return PeerList(ca: ca?.text, entries: entries)
    }

    private mutating func entry(_ node: JsonNode, hasCa: Bool) -> PeerList.Entry? {
        guard checkKeys(node, ["name", "fingerprint", "rights"], noun: "a peer") else {
            return nil
        }
        let name = name(node)
        let rights = rights(node)
        var fingerprint: Fingerprint?
        if let text = node["fingerprint"] {
            fingerprint = text.text.flatMap(Fingerprint.init)
            guard let fingerprint else {
                report(text, "must be the 64 hexadecimal digits that peer keygen shows")
                return nil
            }
            guard fingerprints.insert(fingerprint).inserted else {
                report(text, "another peer of this list has the same fingerprint")
                return nil
            }
        } else if !hasCa {
            report(
                node,
                "fingerprint is missing; a name alone is accepted only with a certificate authority"
            )
            return nil
        }
        guard let name, let rights else { return nil }
        return PeerList.Entry(name: name, fingerprint: fingerprint, rights: rights)
    }

    private mutating func name(_ node: JsonNode) -> String? {
        guard let name = node["name"] else {
            report(node, "name is missing")
            return nil
        }
        guard let text = name.text, PeerList.isName(text) else {
            report(name, "must be 1 to 64 letters, digits and .-_")
            return nil
        }
        guard names.insert(text).inserted else {
            report(name, "another peer of this list has the name \(text)")
            return nil
        }
        return text
    }

    private mutating func rights(_ node: JsonNode) -> Set<PeerRight>? {
        let words = PeerRight.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        guard let rights = node["rights"] else {
            report(node, "rights is missing: a list of \(words)")
            return nil
        }
        guard let list = rights.list else {
            report(rights, "must be a list of \(words), not \(rights.value.noun)")
            return nil
        }
        var result: Set<PeerRight> = []
        for element in list {
            guard let right = element.text.flatMap(PeerRight.init) else {
                report(element, "must be one of \(words)")
                return nil
            }
            result.insert(right)
        }
        return result
    }

    /// - Returns: Whether `node` is an object.
    @discardableResult
    private mutating func checkKeys(_ node: JsonNode, _ known: [String], noun: String) -> Bool {
        guard let group = node.group else {
            report(node, "must be an object, \(noun), not \(node.value.noun)")
            return false
        }
        for member in group where !known.contains(member.name) {
            problems.append(
                Problem(
                    member.namePlace,
                    "unknown" + didYouMean(member.name, among: known)))
        }
        return true
    }

    private mutating func report(_ node: JsonNode, _ message: String) {
        problems.append(Problem(node.place, message))
    }
}

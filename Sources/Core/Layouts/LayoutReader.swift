import Documents
import DriverKit
import Vocabulary

/// Reads a hardware layout and checks all of it before anything is opened.
///
/// Every mistake is reported at once. The forms of keys and values are checked first, by the
/// descriptions in `LayoutSection`; the checks of their meaning then go on with what is well formed.
public struct LayoutReader {
    let registry: DriverRegistry
    let codecs: CodecRegistry
    let profiles: ProfileFiles
    package let document: Section
    package internal(set) var problems = ProblemList()

    // What has a name so far, each with the place that took the name first.
    var busNames = KnownNames("bus")
    var componentNames = KnownNames("component")
    package internal(set) var nodeNames = KnownNames("node")
    package internal(set) var channelNames = KnownNames("channel")
    var upstreamNames = KnownNames("upstream")

    var buses: [BusName: BusDraft] = [:]
    var components: [ComponentName: ComponentDraft] = [:]

    /// - Parameters:
    ///   - bytes: JSON as UTF-8; `//` comments and trailing commas are welcome.
    ///   - registry: The drivers that the layout may ask for.
    ///   - codecs: The codecs that its upstreams may ask for.
    ///   - profiles: Where the user's own profiles are.
    /// - Returns: The layout, nil when there is any problem, and every problem by its place.
    public static func read(
        _ bytes: [UInt8], registry: DriverRegistry, codecs: CodecRegistry,
        profiles: ProfileFiles = .none
    ) -> (layout: HardwareLayout?, problems: ProblemList) {
        let (parsed, mistakes) = JsonParser.parse(bytes)
        guard let parsed else {
            let advised = SyntaxAdvice.advised(mistakes, in: bytes)
            return (nil, inOrder(advised + LayoutSecrets.armour(in: bytes)))
        }
        let form = LayoutSection.layout(codecs)
        let (document, secrets) = LayoutSecrets.removed(from: parsed, text: bytes)
        let tooMany = form.tooMany(in: document)
        guard tooMany.isEmpty else { return (nil, inOrder(mistakes + secrets + tooMany)) }
        var reader = LayoutReader(
            registry: registry, codecs: codecs, profiles: profiles,
            document: Section(node: document, kind: form))
        reader.problems =
            mistakes + secrets + form.problems(in: document)
            + controlCharacters(in: document)
        // Of a text that is nothing but mistakes no more is of use, and each object of it costs memory.
        let layout = reader.problems.hasRoom ? reader.layout() : nil
        guard reader.problems.isEmpty else { return (nil, inOrder(reader.problems)) }
        precondition(layout != nil, "a hardware layout without problems is complete")
        return (layout, [])
    }

    private init(
        registry: DriverRegistry, codecs: CodecRegistry, profiles: ProfileFiles, document: Section
    ) {
        (self.registry, self.codecs) = (registry, codecs)
        (self.profiles, self.document) = (profiles, document)
    }

    private mutating func layout() -> HardwareLayout? {
        let buses = readBuses()
        readComponents()
        let nodes = readNodes()
        checkParents(of: nodes)
        checkUse()
        checkWires(of: nodes)
        let upstreams = readUpstreams(nodes.compactMap(\.layout))
        let rules = checkGuards(of: nodes)
        let interlocks = readInterlocks(nodes)
        let journal = readJournal()
        let peers = readPeers()
        let web = readWeb()
        let settings = readSettings()
        guard let gateway = document.name("gateway", GatewayTag.self) else { return nil }
        return HardwareLayout(
            gateway: gateway, buses: buses,
            nodes: nodes.compactMap { draft in
                draft.layout.map { $0.guarded(by: rules[$0.name] ?? $0.rules) }
            },
            interlocks: interlocks, upstreams: upstreams, journal: journal,
            peers: peers, web: web, settings: settings)
    }

    /// Reports a problem. It is worded only when it is kept: to find out a place's line costs as much as the
    /// text before it.
    package mutating func report(_ place: Place, _ message: @autoclosure () -> String) {
        problems.append(Problem(place, message()))
    }

    /// Reports what a driver says of its component, at the setting that it names.
    mutating func report(_ error: DriverError, in component: JsonNode) {
        problems.append(error.problem(in: component))
    }

    /// Texts go to the kernel, to brokers and to pages; none of them takes control characters well.
    private static func controlCharacters(in node: JsonNode) -> ProblemList {
        switch node.value {
        case .text(let text):
            guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return [] }
            return [Problem(node.place, "holds a line break or another control character")]
        case .list(let nodes): return nodes.problems(controlCharacters)
        case .group(let members): return members.problems { controlCharacters(in: $0.node) }
        case .null, .flag, .number: return []
        }
    }

    private static func inOrder(_ problems: ProblemList) -> ProblemList {
        var problems = problems
        problems.sort()
        return problems
    }
}

/// The names of one kind of thing. The first to take a name has it.
package struct KnownNames {
    private let noun: String
    package private(set) var places: [String: Place] = [:]

    package init(_ noun: String) { self.noun = noun }

    /// - Returns: What to report when another has the name already.
    package mutating func take(_ name: String, at place: Place) -> TakenName? {
        if let first = places[name] { return TakenName(noun: noun, name: name, first: first) }
        places[name] = place
        return nil
    }

    /// The most names among which the one that was meant is looked for: each takes time.
    private static let mostToCompare = 1000

    /// What to report of a name that nothing has, and the name that was probably meant.
    ///
    /// - Parameter problems: What was reported before. Nothing is looked for when no more is reported.
    package func missing(
        _ name: String, _ problems: ProblemList
    ) -> (message: String, meant: String?) {
        let isWorthIt = problems.hasRoom && places.count <= Self.mostToCompare
        let meant = isWorthIt ? suggestion(for: name, among: Array(places.keys)) : nil
        let words = meant.map { "; did you mean \($0)" } ?? ""
        return ("there is no \(noun) \(name)\(words)", meant)
    }
}

/// A name that another has already. It is put into words only where these are read.
package struct TakenName: CustomStringConvertible {
    let noun: String
    let name: String
    let first: Place

    package var description: String { "\(noun) name \(name) is already in use by \(first)" }
}

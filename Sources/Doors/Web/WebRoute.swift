import HTTPTypes

/// What a requester may do.
public enum WebRight: String, Hashable, Sendable, CaseIterable {
    case read, `switch`, metrics
}

/// One thing that can be asked for: a method, a path, the right that it needs, and what answers it.
///
/// A room adds what it offers by handing its routes to `WebRoutes`; nothing else changes.
public struct WebRoute: Sendable {
    /// Answers one request. It never waits for a device, a disk or a network for long.
    public typealias Handler = @Sendable (WebRequest) async throws(WebProblem) -> WebResponse

    let method: HTTPRequest.Method
    let pattern: [Segment]
    let right: WebRight?
    let handler: Handler

    /// A part of the path between two `/`.
    enum Segment: Hashable, Sendable {
        case word(String)
        /// Any word; handlers find it by this name.
        case any(String)
    }

    /// - Parameters:
    ///   - path: As `/api/v1/channels/{channel}`; what stands in braces matches any word.
    ///   - right: Nil when everybody who reaches the server may ask.
    public init(
        _ method: HTTPRequest.Method, _ path: String, right: WebRight?,
        handler: @escaping Handler
    ) {
        precondition(path.hasPrefix("/"), "a path begins with /")
        self.method = method
        pattern = path.split(separator: "/").map { part in
            part.hasPrefix("{") && part.hasSuffix("}")
                ? .any(String(part.dropFirst().dropLast())) : .word(String(part))
        }
        (self.right, self.handler) = (right, handler)
    }

    /// The words that stand for what is in braces; nil when this is another path.
    func match(_ path: [String]) -> [String: String]? {
        guard path.count == pattern.count else { return nil }
        var found: [String: String] = [:]
        for (part, word) in zip(pattern, path) {
            switch part {
            case .word(let wanted): guard word == wanted else { return nil }
            case .any(let name): found[name] = word
            }
        }
        return found
    }
}

/// All routes of a server, the first that matches first.
public struct WebRoutes: Sendable {
    private var routes: [WebRoute] = []

    public init(_ routes: [WebRoute] = []) { self.routes = routes }

    /// Adds what a room offers.
    public mutating func add(_ more: [WebRoute]) { routes += more }

    /// What there is for a method and a path.
    enum Finding {
        case found(WebRoute, words: [String: String])
        /// The path is known, with these methods.
        case otherMethod([HTTPRequest.Method])
        case none
    }

    func find(_ method: HTTPRequest.Method, _ path: [String]) -> Finding {
        // What can be read can also be asked about.
        let wanted = method == .head ? .get : method
        var others: [HTTPRequest.Method] = []
        for route in routes {
            guard let words = route.match(path) else { continue }
            if route.method == wanted { return .found(route, words: words) }
            if !others.contains(route.method) { others.append(route.method) }
        }
        if others.contains(.get) { others.append(.head) }
        return others.isEmpty ? .none : .otherMethod(others)
    }
}

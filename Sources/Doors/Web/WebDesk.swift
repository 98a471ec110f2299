import HTTPTypes

/// Decides of each request whether it may be asked, and has it answered. Knows no sockets.
public struct WebDesk: Sendable {
    private let routes: WebRoutes
    private let access: WebAccess

    public init(_ routes: WebRoutes, access: WebAccess) {
        (self.routes, self.access) = (routes, access)
    }

    /// A request that may go on, before its body is read.
    struct Admission: Sendable {
        fileprivate let route: WebRoute
        fileprivate let words: [String: String]
        fileprivate let head: WebHead
        fileprivate let target: WebTarget
        fileprivate let requester: WebRequester
    }

    /// Looks at all that the head says.
    func admit(_ head: WebHead) throws(WebProblem) -> Admission {
        guard let target = WebTarget(head.path) else { throw .malformed }
        switch routes.find(head.method, target.path) {
        case .none: throw .noPath
        case .otherMethod(let allowed): throw .method(allowed)
        case .found(let route, let words):
            let requester = try access.requester(of: head, needing: route.right)
            return Admission(
                route: route, words: words, head: head, target: target, requester: requester)
        }
    }

    /// Answers a request whose body is there.
    func answer(_ admission: Admission, body: [UInt8]) async throws(WebProblem) -> WebResponse {
        try await admission.route.handler(
            WebRequest(
                method: admission.head.method, target: admission.target,
                fields: admission.head.fields, body: body, requester: admission.requester,
                words: admission.words))
    }
}

/// The head of a request, from where it came.
struct WebHead: Sendable {
    let method: HTTPRequest.Method
    /// Path and query as they were sent.
    let path: String
    let fields: HTTPFields
    /// The `Host`, which is one of the server's.
    let host: String
    /// The numeric address of the other end.
    let address: String
}

/// Who may ask what.
public struct WebAccess: Sendable {
    /// What anybody may do who reaches the server.
    private let open: Set<WebRight>

    public init(open: Set<WebRight>) { self.open = open }

    func requester(
        of head: WebHead, needing right: WebRight?
    ) throws(WebProblem) -> WebRequester {
        try Self.check(site: head)
        guard let right, !open.contains(right) else {
            return WebRequester(name: "anyone", rights: open)
        }
        throw WebProblem(
            .forbidden, "right", "Not allowed", "requesters have no right to \(right.rawValue) here"
        )
    }

    /// Pages of other sites get nothing, even where a browser would not show it to them.
    ///
    /// Source: W3C Fetch Metadata, `Sec-Fetch-Site`. Browsers leave it out on plain HTTP to names, so that it never
    /// stands for the check of the `Host`.
    private static func check(site head: WebHead) throws(WebProblem) {
        guard let name = HTTPField.Name("Sec-Fetch-Site"), let site = head.fields[name] else {
            return
        }
        guard ["same-origin", "none"].contains(site) else {
            throw WebProblem(
                .forbidden, "other-site", "Not for other sites",
                "a page of another site asked for this")
        }
    }
}

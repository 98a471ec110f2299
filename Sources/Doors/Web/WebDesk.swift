import HTTPTypes

/// Decides of each request whether it may be asked, and has it answered. Knows no sockets.
public struct WebDesk: Sendable {
    private let routes: WebRoutes
    private let access: WebAccess

    /// - Parameter routes: What can be asked for; the routes of a session are added.
    public init(_ routes: WebRoutes, access: WebAccess) {
        var routes = routes
        routes.add(SessionRoutes.all(access))
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
                head: admission.head, target: admission.target, body: body,
                requester: admission.requester, words: admission.words,
                mayStillAsk: { [access] in
                    access.allows(admission.head, admission.route.right)
                }))
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

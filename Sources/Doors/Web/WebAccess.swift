import HTTPTypes
import Vocabulary

/// Who may ask what, and who has logged in.
public final class WebAccess: Sendable {
    /// A secret by which a program is known.
    public struct Token: Sendable {
        /// In logs and the history.
        public let name: String
        public let rights: Set<WebRight>
        fileprivate let digest: [UInt8]

        /// - Throws: When it is so short that it could be guessed.
        public init(
            name: String, secret: String, rights: Set<WebRight>
        ) throws(WebSecretProblem) {
            guard secret.utf8.count >= Self.shortest else {
                throw WebSecretProblem("has less than \(Self.shortest) bytes")
            }
            (self.name, self.rights) = (name, rights)
            digest = WebDigest.sha256(Array(secret.utf8))
        }

        private static let shortest = 20
    }

    private struct State {
        var sessions = WebSessions()
        var pauses = LoginPauses()
    }

    /// What requesters may do who show nothing.
    private let open: Set<WebRight>
    private let tokens: [Token]
    private let password: WebPassword?
    private let names: HostList
    private let cookieName: String
    private let usesTls: Bool
    private let clock: any GatewayClock
    private let chance: @Sendable () -> any RandomNumberGenerator
    private let state = Guarded(State())

    /// - Parameters:
    ///   - open: What requesters may do who show nothing.
    ///   - settings: Where the server listens, and under which names.
    ///   - chance: The system's, for sessions.
    public init(
        open: Set<WebRight>, tokens: [Token] = [], password: WebPassword? = nil,
        for settings: WebServer.Settings, clock: any GatewayClock,
        chance: @escaping @Sendable () -> any RandomNumberGenerator
    ) {
        (self.open, self.tokens, self.password) = (open, tokens, password)
        (self.clock, self.chance, usesTls) = (clock, chance, settings.usesTls)
        names = settings.hosts
        // Cookies know no ports: two gateways of one machine have each its own. With the prefix a browser takes it
        // over TLS and from this host alone.
        let name = "tidegate-\(settings.port)"
        cookieName = usesTls ? "__Host-\(name)" : name
    }

    /// Who asks, when the requester may.
    func requester(
        of head: WebHead, needing right: WebRight?
    ) throws(WebProblem) -> WebRequester {
        let isSafe = head.method == .get || head.method == .head
        // The page itself may be reached by a link.
        if right != nil || !isSafe { try checkSite(head) }
        let requester = try known(head, switches: !isSafe && right == .switch)
        guard let right, !requester.rights.contains(right) else { return requester }
        guard requester.isKnown || (password == nil && tokens.isEmpty) else {
            throw Self.loginNeeded("this needs a login, or a token")
        }
        throw WebProblem(
            .forbidden, "right", "Not allowed",
            "\(requester.name) has no right to \(right.rawValue) here")
    }

    /// Whether one that was let in may go on.
    func allows(_ head: WebHead, _ right: WebRight?) -> Bool {
        guard let right, head.fields[.authorization] == nil else { return true }
        let requester = try? known(head, switches: false)
        return requester?.rights.contains(right) ?? false
    }

    private func known(_ head: WebHead, switches: Bool) throws(WebProblem) -> WebRequester {
        if let bearer = head.fields[.authorization] {
            return try requester(bearer, from: head.address)
        }
        if let cookie = cookie(head) {
            let now = clock.now
            guard let session = state.withLock({ $0.sessions.session(cookie, at: now) }) else {
                // A session that is over is as none.
                return WebRequester(name: "requester", rights: open, isKnown: false)
            }
            if head.method != .get, head.method != .head {
                let proof = Self.proofName.flatMap { head.fields[$0] } ?? ""
                guard WebDigest.isSame(Array(proof.utf8), Array(session.proof.utf8)) else {
                    throw WebProblem(
                        .forbidden, "proof", "Proof missing",
                        "a command of a session needs its proof in X-Tidegate-Proof")
                }
            }
            if switches, !state.withLock({ $0.sessions.switch(cookie, at: now) }) {
                throw Self.loginNeeded("the login is too old for commands; log in again")
            }
            return WebRequester(name: "page", rights: Set(WebRight.allCases), isKnown: true)
        }
        return WebRequester(name: "requester", rights: open, isKnown: false)
    }

    // MARK: - Tokens

    private func requester(_ field: String, from address: String) throws(WebProblem) -> WebRequester
    {
        try checkPause(address)
        let parts = field.split(separator: " ", maxSplits: 1)
        if parts.count == 2, parts[0].lowercased() == "bearer" {
            let digest = WebDigest.sha256(Array(parts[1].utf8))
            // All are looked at, so that the time says nothing.
            let found = tokens.filter { WebDigest.isSame($0.digest, digest) }
            if let token = found.first {
                return WebRequester(name: token.name, rights: token.rights, isKnown: true)
            }
        }
        fail(address)
        throw Self.wrong("the token is not known")
    }

    // MARK: - Login

    /// - Returns: What the cookie is to be, and the proof for commands.
    func logIn(
        _ given: String, from address: String
    ) async throws(WebProblem) -> (cookie: String, proof: String) {
        try checkPause(address)
        guard let password else {
            throw WebProblem(
                .notFound, "no-password", "No login", "the layout has no password for a login")
        }
        switch await password.isRight(given) {
        case nil: throw .unavailable("too many logins at once; try again")
        case false:
            fail(address)
            throw Self.wrong("the password is wrong")
        default: break
        }
        let now = clock.now
        var generator = SystemGenerator(chance())
        let (cookie, session) = state.withLock { state in
            state.pauses.succeed(address)
            return state.sessions.begin(at: now, using: &generator)
        }
        return (field(cookie, age: WebSessions.longest), session.proof)
    }

    /// Ends the session of a requester.
    /// - Returns: The cookie that takes it away.
    func logOut(_ head: WebHead) -> String {
        if let cookie = cookie(head) { state.withLock { $0.sessions.end(cookie) } }
        return field("", age: .zero)
    }

    /// What the page is to know of its session; nil when there is none.
    func proof(_ head: WebHead) -> String? {
        let now = clock.now
        return cookie(head).flatMap { cookie in
            state.withLock { $0.sessions.session(cookie, at: now)?.proof }
        }
    }

    /// Whether there is a password to log in with.
    var hasLogin: Bool { password != nil }

    private func field(_ value: String, age: Duration) -> String {
        "\(cookieName)=\(value); Path=/; Max-Age=\(age.components.seconds); HttpOnly; SameSite=Strict"
            + (usesTls ? "; Secure" : "")
    }

    private func cookie(_ head: WebHead) -> String? {
        for field in head.fields[values: .cookie] {
            for pair in field.split(separator: ";") {
                let sides = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if sides.count == 2, sides[0] == cookieName { return String(sides[1]) }
            }
        }
        return nil
    }

    private func checkPause(_ address: String) throws(WebProblem) {
        let now = clock.now
        guard let pause = state.withLock({ $0.pauses.pause(for: address, at: now) }) else { return }
        let seconds = pause.components.seconds + 1
        var problem = WebProblem(
            .tooManyRequests, "pause", "Too many wrong secrets", "try again in \(seconds) s")
        problem.fields[.retryAfter] = "\(seconds)"
        throw problem
    }

    private func fail(_ address: String) {
        let now = clock.now
        state.withLock { $0.pauses.fail(address, at: now) }
    }

    private static func wrong(_ detail: String) -> WebProblem {
        unauthorized(WebProblem(.unauthorized, "wrong-secret", "Wrong secret", detail))
    }

    private static func loginNeeded(_ detail: String) -> WebProblem {
        unauthorized(WebProblem(.unauthorized, "login", "Login needed", detail))
    }

    private static func unauthorized(_ problem: WebProblem) -> WebProblem {
        var problem = problem
        problem.fields[.wwwAuthenticate] = "Bearer"
        return problem
    }

    // MARK: - Other sites

    private static let siteName = HTTPField.Name("Sec-Fetch-Site")
    private static let proofName = HTTPField.Name("X-Tidegate-Proof")

    /// Pages of other sites get nothing, and change nothing, even where a browser would not show it to them.
    ///
    /// Source: W3C Fetch Metadata, `Sec-Fetch-Site`; RFC 6454, `Origin`. Browsers leave the first out on plain HTTP to
    /// names, so that neither stands for the check of the `Host`.
    private func checkSite(_ head: WebHead) throws(WebProblem) {
        if let site = Self.siteName.flatMap({ head.fields[$0] }),
            !["same-origin", "none"].contains(site)
        {
            throw Self.otherSite
        }
        guard head.method != .get, head.method != .head else { return }
        if let origin = head.fields[.origin], !names.knows(origin: origin, of: head.host) {
            throw Self.otherSite
        }
        // A form of another page cannot send this without asking first.
        let type = head.fields[.contentType]?.split(separator: ";").first.map(String.init)
        guard type?.lowercased() == "application/json" else {
            throw WebProblem(
                .unsupportedMediaType, "media-type", "Not JSON",
                "the body must be sent as application/json")
        }
    }

    private static let otherSite = WebProblem(
        .forbidden, "other-site", "Not for other sites", "a page of another site asked for this")
}

/// A generator whose type is not known here.
private struct SystemGenerator: RandomNumberGenerator {
    private var base: any RandomNumberGenerator

    init(_ base: any RandomNumberGenerator) { self.base = base }

    mutating func next() -> UInt64 { base.next() }
}

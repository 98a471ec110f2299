import Fakes
import HTTPTypes
import Testing
import Vocabulary

@testable import Web

/// A desk with a login and two tokens, where requesters may read without.
private struct GuardedDesk {
    let clock = ManualClock()
    let desk: WebDesk
    let service = ScriptedWeb()
    static let token = "a-token-of-25-characters!"
    static let metrics = "another-one-for-metrics-only"

    init(open: Set<WebRight> = [.read], usesLine: Bool = false) throws {
        let line = "correct horse"
        var chance = SeededGenerator(seed: 7)
        let access = WebAccess(
            open: open,
            tokens: [
                try WebAccess.Token(name: "heat", secret: Self.token, rights: [.read, .switch]),
                try WebAccess.Token(name: "scraper", secret: Self.metrics, rights: [.metrics]),
            ],
            password: try WebPassword(
                usesLine ? "\(try #require(WebPasswordLine(of: line, using: &chance)))" : line),
            for: WebServer.Settings(host: "127.0.0.1", port: 2999, names: ["house.local"]),
            clock: clock, chance: { SeededGenerator(seed: 1) })
        var routes = WebRoutes(RestRoutes.reading(service))
        routes.add(RestRoutes.switching(service))
        desk = WebDesk(routes, access: access)
    }

    func set(_ fields: HTTPFields = [:], _ body: String = #"{"value":"on","id":"1"}"#)
        async -> WebResponse
    {
        var all: HTTPFields = [.contentType: "application/json"]
        for field in fields { all[field.name] = field.value }
        return await desk.ask(.post, "/api/v1/nodes/pump/commands", all, body: body)
    }

    /// The session's cookie and proof.
    func logIn(_ password: String = "correct horse", from address: String = "127.0.0.1") async
        -> WebResponse
    {
        await desk.ask(
            .post, "/api/v1/session", [.contentType: "application/json"],
            body: "{\"password\":\"\(password)\"}", from: address)
    }

    func session() async throws -> HTTPFields {
        let answer = await logIn()
        try #require(answer.status == .ok, "\(answer.text)")
        let cookie = try #require(answer.fields[.setCookie]?.split(separator: ";").first)
        let proof = try #require(answer.text.firstMatch(of: /"proof":"([0-9a-f]{64})"/)?.1)
        return [.cookie: String(cookie), .proof: String(proof)]
    }
}

extension HTTPField.Name {
    fileprivate static let proof = HTTPField.Name("X-Tidegate-Proof")!
    fileprivate static let site = HTTPField.Name("Sec-Fetch-Site")!
}

@Suite struct `Who may ask the web server what` {
    @Test func `one who shows nothing reads, and switches nothing`() async throws {
        let web = try GuardedDesk()
        #expect(await web.desk.ask(.get, "/api/v1/status").status == .ok)
        let answer = await web.set()
        #expect(answer.status == .unauthorized && answer.fields[.wwwAuthenticate] == "Bearer")
        #expect(web.service.orders.withLock { $0.isEmpty })
        let closed = try GuardedDesk(open: [])
        #expect(await closed.desk.ask(.get, "/api/v1/status").status == .unauthorized)
    }

    @Test func `a token has its own rights and no others`() async throws {
        let web = try GuardedDesk(open: [])
        func ask(_ token: String) async -> (read: Int, set: Int) {
            let fields: HTTPFields = [.authorization: "Bearer \(token)"]
            return (
                await web.desk.ask(.get, "/api/v1/status", fields).status.code,
                await web.set(fields).status.code
            )
        }
        #expect(await ask(GuardedDesk.token) == (200, 200))
        #expect(await ask(GuardedDesk.metrics) == (403, 403))
        #expect(web.service.orders.withLock { $0.map(\.who) } == ["heat"])
    }

    @Test(arguments: [
        "Bearer wrong-token-of-25-chars!!", "Bearer a-token-of-25-characters", "Bearer ", "Bearer",
        "Basic YTpi", "a-token-of-25-characters!", "Bearer a-token-of-25-characters!x",
    ])
    func `a token that is wrong is refused where nothing would be, too`(field: String) async throws
    {
        let web = try GuardedDesk()
        let answer = await web.desk.ask(.get, "/api/v1/status", [.authorization: field])
        #expect(answer.status == .unauthorized)
    }

    @Test(arguments: [false, true])
    func `a session switches with its cookie and its proof together`(usesLine: Bool) async throws {
        let web = try GuardedDesk(usesLine: usesLine)
        let session = try await web.session()
        #expect(await web.set(session).status == .ok)
        #expect(web.service.orders.withLock { $0.map(\.who) } == ["page"])
        // Other pages of this host have the browser send the cookie alone.
        #expect(await web.set([.cookie: session[.cookie]!]).status == .forbidden)
        #expect(await web.set([.proof: session[.proof]!]).status == .unauthorized)
        var wrong = session
        wrong[.proof] = String(repeating: "0", count: 64)
        #expect(await web.set(wrong).status == .forbidden)
        #expect(web.service.orders.withLock { $0.count } == 1)
    }

    @Test func `a session's cookie is for this host's browser alone`() async throws {
        let web = try GuardedDesk()
        let cookie = try #require(await web.logIn().fields[.setCookie])
        for part in [
            "tidegate-2999=", "; HttpOnly", "; SameSite=Strict", "; Path=/", "Max-Age=43200",
        ] {
            #expect(cookie.contains(part), "\(cookie)")
        }
        #expect(!cookie.contains("Secure"))
    }

    @Test func `commands need a new login after 30 min without one, and reading after 12 h`()
        async throws
    {
        let web = try GuardedDesk(open: [])
        let session = try await web.session()
        let cookie: HTTPFields = [.cookie: session[.cookie]!]
        web.clock.advance(by: .seconds(29 * 60))
        #expect(await web.set(session).status == .ok)
        web.clock.advance(by: .seconds(29 * 60))
        #expect(await web.set(session).status == .ok)
        web.clock.advance(by: .seconds(30 * 60))
        #expect(await web.set(session).status == .unauthorized)
        #expect(await web.desk.ask(.get, "/api/v1/status", cookie).status == .ok)
        web.clock.advance(by: .seconds(11 * 3_600))
        #expect(await web.desk.ask(.get, "/api/v1/status", cookie).status == .unauthorized)
    }

    @Test func `a session ends when the page logs out`() async throws {
        let web = try GuardedDesk(open: [])
        var session = try await web.session()
        session[.contentType] = "application/json"
        #expect(await web.desk.ask(.delete, "/api/v1/session", session).status == .ok)
        #expect(await web.set(session).status == .unauthorized)
        #expect(
            await web.desk.ask(.get, "/api/v1/session", session).text
                == #"{"login":true,"proof":null,"rights":[]}"#)
    }

    @Test func `wrong passwords make growing pauses for their address alone`() async throws {
        let web = try GuardedDesk()
        for _ in 0..<5 { #expect(await web.logIn("wrong one").status == .unauthorized) }
        var pauses: [String] = []
        for _ in 0..<4 {
            let answer = await web.logIn()
            #expect(answer.status == .tooManyRequests)
            let pause = try #require(answer.fields[.retryAfter])
            pauses.append(pause)
            web.clock.advance(by: .seconds(Int(pause) ?? 0))
            #expect(await web.logIn("wrong one").status == .unauthorized)
        }
        #expect(pauses == ["2", "3", "5", "9"])
        #expect(await web.logIn(from: "192.168.1.7").status == .ok)
        // Tokens are guessed no faster.
        let fields: HTTPFields = [.authorization: "Bearer \(GuardedDesk.token)"]
        #expect(await web.desk.ask(.get, "/api/v1/status", fields).status == .tooManyRequests)
        web.clock.advance(by: .seconds(20))
        #expect(await web.logIn().status == .ok)
        #expect(await web.desk.ask(.get, "/api/v1/status", fields).status == .ok)
    }

    @Test(arguments: [
        ("http://localhost:2999", 200), ("http://LOCALHOST:2999", 200), ("http://house.local", 200),
        ("http://evil.test", 403), ("http://localhost:2998", 403), ("https://localhost", 403),
        ("null", 403), ("", 403), ("http://localhost:2999.evil.test", 403),
    ])
    func `a page of another origin switches nothing`(origin: String, status: Int) async throws {
        let web = try GuardedDesk()
        let fields: HTTPFields = [
            .authorization: "Bearer \(GuardedDesk.token)", .origin: origin,
        ]
        #expect(await web.set(fields).status.code == status)
    }

    @Test(arguments: [
        ("application/json", 200), ("Application/JSON; charset=utf-8", 200), ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415), ("multipart/form-data; boundary=x", 415),
        ("", 415),
    ])
    func `what a form of another page can send switches nothing`(type: String, status: Int)
        async throws
    {
        let web = try GuardedDesk()
        let fields: HTTPFields = [
            .authorization: "Bearer \(GuardedDesk.token)", .contentType: type,
        ]
        #expect(await web.set(fields).status.code == status)
        for site in ["cross-site", "same-site"] {
            var others = fields
            others[.contentType] = "application/json"
            others[.site] = site
            #expect(await web.set(others).status == .forbidden)
        }
    }

    @Test func `nothing is switched by GET`() async throws {
        let web = try GuardedDesk(open: Set(WebRight.allCases))
        for path in ["/api/v1/nodes/pump/commands", "/api/v1/nodes/pump/commands?value=on&id=1"] {
            for method in [HTTPRequest.Method.get, .head, .put, .delete] {
                let answer = await web.desk.ask(
                    method, path, [.contentType: "application/json"], body: #"{"value":"on"}"#)
                #expect(answer.status == .methodNotAllowed)
            }
        }
        #expect(web.service.orders.withLock { $0.isEmpty })
    }

    @Test func `an order is answered by its outcome`() async throws {
        let web = try GuardedDesk(open: Set(WebRight.allCases))
        for (kind, status) in [
            (CommandOutcome.Kind.confirmed, 200), (.refused, 409), (.failed, 502), (.timedOut, 504),
        ] {
            web.service.outcome.withLock { $0 = kind }
            #expect(await web.set().status.code == status)
        }
        let key = try #require(HTTPField.Name("Idempotency-Key"))
        _ = await web.set([key: "mine"], #"{"value":21.5,"overrideFor":"10min"}"#)
        #expect(web.service.orders.withLock { $0.last?.order.id.text } == "mine")
        for (body, words) in [
            ("", "body"), ("[]", "object"), (#"{"value":"on"}"#, "id: must be"),
            (#"{"valeu":"on","id":"1"}"#, "did you mean value"),
            (#"{"value":"on","id":"1","expires":"soon"}"#, "expires"),
        ] {
            let answer = await web.set([:], body)
            #expect(answer.status == .badRequest && answer.text.contains(words), "\(answer.text)")
        }
        let unknown = await web.desk.ask(
            .post, "/api/v1/nodes/pumpe/commands", [.contentType: "application/json"],
            body: #"{"value":"on","id":"1"}"#)
        #expect(unknown.status == .notFound)
    }

    @Test func `a secret that could be guessed is refused, and never repeated`() throws {
        #expect(throws: WebSecretProblem.self) { try WebPassword("hunter2") }
        #expect(throws: WebSecretProblem.self) {
            try WebAccess.Token(name: "x", secret: "too-short-a-token", rights: [])
        }
        let error = #expect(throws: WebSecretProblem.self) { try WebPassword("$scrypt$hunter2") }
        #expect(error.map { !"\($0)".contains("hunter2") } == true)
    }
}

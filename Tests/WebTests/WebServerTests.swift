import Fakes
import Testing
import Vocabulary

@testable import Web

@Suite(.timeLimit(.minutes(5))) struct `The web server` {
    @Test func `answers several requests on one connection, with the fields that every answer has`()
        async throws
    {
        let web = try await ListeningWeb()
        let caller = try await web.caller()
        caller.get("/api/v1/status")
        let first = try #require(await caller.until(#"{"state":"online"}"#))
        #expect(first.hasPrefix("HTTP/1.1 200 OK\r\n"))
        for part in [
            "content-length: 18", "content-security-policy: default-src 'none'",
            "x-content-type-options: nosniff", "referrer-policy: same-origin",
            "cross-origin-resource-policy: same-origin", "cache-control: no-store",
        ] { #expect(first.lowercased().contains(part), "\(part): \(first)") }
        #expect(!first.lowercased().contains("access-control"))
        caller.get("/api/v1/nodes/pumpe", "Connection: close\r\n")
        #expect(await caller.rest().contains("HTTP/1.1 404 "))
        #expect(await web.server.counts[.requests] == 2)
        try await web.stop()
    }

    @Test func `answers a request without its body when it is asked for the head`() async throws {
        let web = try await ListeningWeb()
        let caller = try await web.caller()
        caller.send("HEAD /api/v1/status HTTP/1.1\r\nHost: localhost:\(web.port)\r\n\r\n")
        caller.get("/api/v1/faults", "Connection: close\r\n")
        let all = await caller.rest()
        #expect(
            all.contains("ontent-") && !all.contains("online") && all.contains(#"{"faults":[]}"#))
        try await web.stop()
    }

    @Test func `answers no other name, and logs it`() async throws {
        let web = try await ListeningWeb()
        let caller = try await web.caller()
        caller.send("GET /api/v1/status HTTP/1.1\r\nHost: evil.test:\(web.port)\r\n\r\n")
        #expect(await caller.rest().hasPrefix("HTTP/1.1 421 "))
        #expect(await web.server.counts[.refused] == 1)
        for await line in web.server.notices {
            #expect(line == "web 127.0.0.1: rejected, host not known")
            break
        }
        try await web.stop()
    }

    @Test(arguments: [
        "rubbish\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}", "GET / HTTP/9.9\r\n\r\n",
        "GET /api/v1 HTTP/1.1\r\nHost: localhost\r\n Bad: field\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nX: " + String(repeating: "x", count: 20_000) + "\r\n\r\n",
        "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 300) + "\r\n",
    ])
    func `closes a connection that is no HTTP, or too much of it`(text: String) async throws {
        let web = try await ListeningWeb()
        let caller = try await web.caller()
        caller.send(text)
        let answer = await caller.rest()
        #expect(answer.hasPrefix("HTTP/1.1 400 ") || answer.isEmpty, "\(answer)")
        // The next one is served.
        let other = try await web.caller()
        other.get("/api/v1/status")
        #expect(await other.until("online") != nil)
        try await web.stop()
    }

    @Test func `closes the connection that was idle for longest when all places are taken`()
        async throws
    {
        var limits = WebLimits()
        limits.connections = 3
        let web = try await ListeningWeb(limits: limits)
        var callers: [WebCaller] = []
        for _ in 0..<5 {
            let caller = try await web.caller()
            caller.get("/api/v1/status")
            #expect(await caller.until("online") != nil)
            callers.append(caller)
        }
        #expect(await web.server.counts[.connections] == 3)
        _ = await callers[0].rest()
        _ = await callers[1].rest()
        callers[2].get("/api/v1/faults")
        #expect(await callers[2].until("faults") != nil)
        try await web.stop()
    }

    @Test func `bounds live streams, and ends them when it stops`() async throws {
        var limits = WebLimits()
        limits.streams = 2
        let ended = Ended()
        let stream = WebRoute(.get, "/stream", right: .read) { _ in
            var response = WebResponse(.ok, "text/event-stream", [])
            response.body = .stream { send in
                _ = await send(Array("data: 1\n\n".utf8))
                // Until the requester or the server ends it.
                await withTaskCancellationHandler {
                    for await _ in AsyncStream<Void>.makeStream().stream {}
                } onCancel: {
                }
                ended.note()
            }
            return response
        }
        let web = try await ListeningWeb([stream], limits: limits)
        var callers: [WebCaller] = []
        for _ in 0..<2 {
            let caller = try await web.caller()
            caller.get("/stream")
            #expect(await caller.until("data: 1") != nil)
            callers.append(caller)
        }
        let third = try await web.caller()
        third.get("/stream")
        #expect(await third.until("too-many-streams") != nil)
        #expect(await web.server.counts[.streams] == 2)
        // One whose requester goes makes room for the next.
        await callers[0].close()
        await ended.count(1)
        try await web.stop()
        #expect(await callers[1].rest().contains("data: 1"))
        await ended.count(2)
    }

    @Test func `stops in the middle of a crowd that comes and goes`() async throws {
        var limits = WebLimits()
        limits.connections = 4
        for _ in 0..<10 {
            let web = try await ListeningWeb(limits: limits)
            let port = web.port
            await withTaskGroup { group in
                for _ in 0..<40 {
                    group.addTask {
                        // Refused once it has stopped.
                        guard let caller = try? await WebCaller(port) else { return }
                        caller.get("/api/v1/status")
                        _ = await caller.until("online")
                        await caller.close()
                    }
                }
                group.addTask { await web.server.stop() }
            }
            try await web.running.value
        }
    }

    @Test func `cannot listen where another does`() async throws {
        let web = try await ListeningWeb()
        let second = WebServer(
            WebServer.Settings(host: "127.0.0.1", port: UInt16(web.port), names: []),
            desk: WebDesk(), clock: ManualClock())
        await #expect(throws: (any Error).self) {
            try await second.run { _ in Issue.record("it listens") }
        }
        await second.stop()
        try await web.stop()
    }
}

/// Counts what has ended, for those who wait.
private final class Ended: Sendable {
    private let news: AsyncStream<Void>
    private let more: AsyncStream<Void>.Continuation
    private let seen = Guarded(0)

    init() { (news, more) = AsyncStream.makeStream() }

    func note() { more.yield() }

    func count(_ wanted: Int) async {
        while seen.withLock({ $0 < wanted }) {
            for await _ in news {
                seen.withLock { $0 += 1 }
                break
            }
        }
    }
}

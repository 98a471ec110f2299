import Fuzzing
import HTTPTypes
import Testing
import Vocabulary

@testable import Web

@Suite struct `The desk of the web server` {
    @Test(arguments: [
        ("/api/v1", #"{"gateway":"d1.demo"}"#), ("/api/v1/", #"{"gateway":"d1.demo"}"#),
        ("/api/v1/status", #"{"state":"online"}"#), ("/api/v1/nodes", #"{"nodes":[]}"#),
        ("/api/v1/nodes/pump", #"{"name":"pump"}"#), ("/api/v1/channels", #"{"channels":[]}"#),
        ("/api/v1/channels/tank%2Dtop", #"{"channel":"tank-top"}"#),
        ("/api/v1/faults", #"{"faults":[]}"#),
    ])
    func `answers what is read`(path: String, text: String) async {
        let answer = await WebDesk().ask(.get, path)
        #expect(answer.status == .ok && answer.text == text)
        #expect(answer.fields[.contentType] == "application/json")
        #expect(answer.fields[.cacheControl] == "no-store")
    }

    @Test func `answers problems as RFC 9457 has them`() async {
        let answer = await WebDesk().ask(.get, "/api/v1/nodes/pumpe")
        #expect(answer.status == .notFound)
        #expect(answer.fields[.contentType] == "application/problem+json")
        #expect(
            answer.text
                == #"{"type":"urn:tidegate:problem:unknown-node","title":"Unknown node","#
                + #""status":404,"detail":"there is no node pumpe"}"#)
    }

    @Test(arguments: [
        ("/", 404), ("/api", 404), ("/api/v2", 404), ("/api/v1/channels/x/readings/y", 404),
        ("/api/v1/../v1/status", 400), ("/api/v1/%2e%2e/status", 400), ("/api/v1/%", 400),
        ("/api/v1/%zz", 400), ("/api/v1/nodes/%ff", 400), ("/api/v1/nodes/a%2fb", 400),
        ("/api/v1/nodes/a%00", 400), ("api/v1", 400), ("", 400), ("/api/v1/status?x=1", 400),
        ("/api/v1/records?limit=0", 400), ("/api/v1/records?limit=1001", 400),
        ("/api/v1/records?after=-1", 400), ("/api/v1/records?after=18446744073709551615", 400),
        ("/api/v1/records?from=yesterday", 400), ("/api/v1/records?kind=reading,", 400),
        ("/api/v1/records?limit=5&limit=6", 400),
        ("/api/v1/channels/tank-top/readings?kind=event", 400),
    ])
    func `answers what it does not have with 404, and what it does not understand with 400`(
        path: String, status: Int
    ) async {
        #expect(await WebDesk().ask(.get, path).status.code == status)
    }

    @Test func `names the methods of a path`() async {
        for method in [HTTPRequest.Method.post, .put, .delete, .options, .trace] {
            let answer = await WebDesk().ask(method, "/api/v1/status")
            #expect(answer.status == .methodNotAllowed && answer.fields[.allow] == "GET, HEAD")
        }
        #expect(await WebDesk().ask(.head, "/api/v1/status").status == .ok)
    }

    @Test func `lets nobody read where the layout lets nobody`() async {
        #expect(await WebDesk(open: []).ask(.get, "/api/v1/status").status == .forbidden)
    }

    @Test(arguments: [("same-origin", 200), ("none", 200), ("cross-site", 403), ("same-site", 403)])
    func `answers no page of another site, where the browser says so`(site: String, status: Int)
        async throws
    {
        let name = try #require(HTTPField.Name("Sec-Fetch-Site"))
        let answer = await WebDesk().ask(.get, "/api/v1/status", [name: site])
        #expect(answer.status.code == status)
    }

    @Test func `hands on what is asked of the journal, page by page`() async throws {
        let items = [
            RecordPage.Item(topic: "events", message: Array(#"{"event":"started"}"#.utf8)),
            RecordPage.Item(topic: "readings/tank-top", message: Array("{}".utf8)),
        ]
        let service = ScriptedWeb(RecordPage(items: items, next: 17, hasMore: true))
        let answer = await WebDesk(service).ask(
            .get,
            "/api/v1/records?kind=reading,event&from=2026-11-21T04:22:07Z&to=1795234928000&limit=2")
        #expect(
            answer.text
                == #"{"records":[{"topic":"events","message":{"event":"started"}},"#
                + #"{"topic":"readings/tank-top","message":{}}],"next":"17","more":true}"#)
        let link = try #require(HTTPField.Name("Link"))
        #expect(
            answer.fields[link]
                == "<?kind=reading%2Cevent&to=1795234928000&limit=2&after=17>; rel=\"next\"")
        #expect(
            service.asked.withLock { $0 } == [
                RecordQuery(
                    kinds: [.reading, .event],
                    from: WallTime(nanoseconds: 1_795_234_927_000_000_000),
                    to: WallTime(nanoseconds: 1_795_234_928_000_000_000), limit: 2)
            ])
        let readings = await WebDesk(service).ask(
            .get, "/api/v1/channels/tank-top/readings?after=16")
        #expect(readings.text.hasPrefix(#"{"readings":[{"event":"started"},{}]"#))
        #expect(
            service.asked.withLock { $0.last }
                == RecordQuery(channel: "tank-top", kinds: [.reading], after: 16))
    }

    @Test func `reads a target in proportion to its length`() {
        var mangler = Mangler(
            seed: 20_261_201, limit: 4096,
            tokens: ["%", "%2f", "/", "&", "=", "?", "+", "..", "%ff", "a=b&"].map {
                Array($0.utf8)
            })
        var cost = Cost(floor: 16 << 10)
        let sample = Array("/api/v1/channels/tank-top/readings?from=1&to=2&limit=3".utf8)
        for round in 0..<Mangler.rounds(2_000) {
            let bytes = mangler.mangled(sample)
            cost.count("round \(round)", bytes) {
                if let target = WebTarget(String(decoding: $0, as: UTF8.self)) {
                    #expect(!target.path.contains(where: { $0.contains("/") || $0 == ".." }))
                }
            }
        }
        cost.report("web target")
        #expect(cost.isInProportion || !Allocations.areCounted, "\(cost)")
    }
}

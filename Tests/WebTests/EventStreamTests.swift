import Fakes
import HTTPTypes
import Testing
import Vocabulary

@testable import Web

@Suite(.timeLimit(.minutes(5))) struct `The live stream` {
    private let fault = RecordPage.Item(
        topic: "fault/tank", message: Array(#"{"kind":"timeout"}"#.utf8))

    /// What a requester is sent until `end`.
    private func stream(
        _ service: ScriptedWeb, _ fields: HTTPFields = [:], path: String = "/api/v1/stream",
        until end: String
    ) async throws -> String {
        let clock = ManualClock()
        let desk = WebDesk(
            WebRoutes(EventStream.routes(service, clock: clock)), access: .test())
        let answer = await desk.ask(.get, path, fields)
        try #require(answer.status == .ok, "\(answer.text)")
        #expect(answer.fields[.contentType] == "text/event-stream")
        guard case .stream(let work) = answer.body else {
            Issue.record("not a stream")
            return ""
        }
        let all = Received()
        await work { bytes in all.add(bytes).contains(end) == false }
        return all.text
    }

    @Test func `says who this is and how all stands before any change`() async throws {
        let service = ScriptedWeb()
        service.tell.yield([RecordPage.Item(topic: "live/tank-top", message: Array("{}".utf8))])
        let text = try await stream(service, until: "event: live")
        #expect(
            text.hasPrefix(
                "retry: 2000\n\nevent: hello\ndata: {\"gateway\":\"d1.demo\"}\n\n"
                    + "event: snapshot\ndata: {\"state\":\"online\"}\n\n"))
        #expect(text.contains("event: live\ndata: {}\n\n"))
        #expect(!text.contains("event: gap"))
    }

    @Test func `goes on after the last fact that a requester has`() async throws {
        let service = ScriptedWeb(RecordPage(items: [fault, fault], next: 20, hasMore: false))
        let last = try #require(HTTPField.Name("Last-Event-ID"))
        let text = try await stream(service, [last: "j1.17"], until: "id: j1.20")
        #expect(service.asked.withLock { $0.first?.after } == 17)
        #expect(service.asked.withLock { $0.first?.kinds } == [.fault, .event])
        #expect(!text.contains("event: gap"))
        // Only the last has the identity: one who got a part gets all again.
        #expect(
            text.hasSuffix(
                "event: fact\ndata: {\"topic\":\"fault/tank\",\"message\":{\"kind\":\"timeout\"}}\n\n"
                    + "event: fact\nid: j1.20\n"
                    + "data: {\"topic\":\"fault/tank\",\"message\":{\"kind\":\"timeout\"}}\n\n"))
    }

    @Test(arguments: ["j2.17", "j1.3", "j1.21", "17", "j1.x", "j1.17.1"])
    func `says so when what a requester lacks cannot be sent`(id: String) async throws {
        let service = ScriptedWeb(RecordPage(items: [fault], next: 21, hasMore: false))
        let last = try #require(HTTPField.Name("Last-Event-ID"))
        let text = try await stream(service, [last: id], until: "id: j1.21")
        #expect(text.contains("event: gap\ndata: {}\n\n"))
        #expect(service.asked.withLock { $0.first?.after } == 20)
    }

    @Test func `sends the values of the channels that are asked for, and all else`() async throws {
        let service = ScriptedWeb()
        func item(_ topic: String) -> RecordPage.Item {
            RecordPage.Item(topic: topic, message: Array("\"\(topic)\"".utf8))
        }
        service.tell.yield(["live/a", "live/b", "live/c", "status"].map(item))
        let text = try await stream(
            service, path: "/api/v1/stream?channels=a,c", until: "event: status")
        #expect(text.contains(#"data: "live/a""#) && text.contains(#"data: "live/c""#))
        #expect(!text.contains("live/b"))
    }

    @Test func `ends with the gateway`() async throws {
        let service = ScriptedWeb()
        service.tell.finish()
        let text = try await stream(service, until: "never")
        #expect(text.contains("event: snapshot"))
    }

    private final class Received: Sendable {
        private let all = Guarded("")
        var text: String { all.withLock(\.self) }
        func add(_ bytes: [UInt8]) -> String {
            all.withLock { text in
                text += String(decoding: bytes, as: UTF8.self)
                return text
            }
        }
    }
}

import Codecs
import HTTPTypes

/// What programs read of a gateway, below `/api/v1`.
public enum RestRoutes {
    /// All of it, read from `service`.
    public static func reading(_ service: any WebService) -> [WebRoute] {
        let base = "/api/v1"
        func route(
            _ path: String,
            _ answer: @escaping @Sendable (WebRequest) async throws(WebProblem) -> [UInt8]
        ) -> WebRoute {
            WebRoute(.get, base + path, right: .read) { request throws(WebProblem) in
                try request.target.check([])
                return .json(try await answer(request))
            }
        }
        return [
            route("") { _ in await service.about },
            route("/status") { _ in await service.status },
            route("/nodes") { _ in await service.nodes },
            route("/nodes/{node}") { request throws(WebProblem) in
                try await service.node(request.word("node"))
            },
            route("/channels") { _ in await service.channels },
            route("/channels/{channel}") { request throws(WebProblem) in
                try await service.channel(request.word("channel"))
            },
            route("/faults") { _ in await service.faults },
            WebRoute(.get, base + "/channels/{channel}/readings", right: .read) {
                request throws(WebProblem) in
                let name = request.word("channel")
                // A channel without a value yet has no readings either; one that is unknown is said to be so.
                let query = try RecordQuery(request.target, channel: name)
                return response(try await service.records(query), "readings", of: request) {
                    $0.message
                }
            },
            WebRoute(.get, base + "/records", right: .read) { request throws(WebProblem) in
                let query = try RecordQuery(request.target)
                return response(try await service.records(query), "records", of: request) {
                    Array("{\"topic\":\"\($0.topic)\",\"message\":".utf8) + $0.message
                        + [UInt8(ascii: "}")]
                }
            },
        ]
    }

    private static func response(
        _ page: RecordPage, _ noun: String, of request: WebRequest,
        _ text: (RecordPage.Item) -> [UInt8]
    ) -> WebResponse {
        var bytes = Array("{\"\(noun)\":[".utf8)
        for (index, item) in page.items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += text(item)
        }
        bytes += "],\"next\":\"\(page.next)\",\"more\":\(page.hasMore)}".utf8
        var response = WebResponse.json(bytes)
        if page.hasMore, let link = HTTPField.Name("Link") {
            let query = request.target.query(with: "after", as: "\(page.next)", without: ["from"])
            // Relative, so that it holds behind a proxy, too.
            response.fields[link] = "<\(query)>; rel=\"next\""
        }
        return response
    }
}

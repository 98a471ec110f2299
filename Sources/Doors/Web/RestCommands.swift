import Codecs
import Documents
import HTTPTypes
import Vocabulary

/// An order to a node, as a requester words it.
public struct WebOrder: Hashable, Sendable {
    public let request: CommandRequest
    /// The same order twice has the same identity, and is carried out once.
    public let id: CommandID
    public let expires: WallTime?
}

extension RestRoutes {
    /// What switches a node: one route, by `POST` alone, on the way that every command takes.
    public static func switching(_ service: any WebService) -> [WebRoute] {
        [
            WebRoute(.post, "/api/v1/nodes/{node}/commands", right: .switch) {
                request throws(WebProblem) in
                try request.target.check([])
                let name = request.word("node")
                // Whether there is such a node at all.
                _ = try await service.node(name)
                let order = try order(request)
                let (kind, text) = await service.carryOut(order, to: name, from: request.requester)
                var response = WebResponse.json(text)
                response.status =
                    switch kind {
                    case .confirmed: .ok
                    case .refused: .conflict
                    case .failed: .badGateway
                    case .timedOut: .gatewayTimeout
                    }
                return response
            }
        ]
    }

    private static func order(_ request: WebRequest) throws(WebProblem) -> WebOrder {
        let document = try request.json()
        let command: CommandDocument
        do throws(CommandRefusal) {
            command = try CommandDocument(document, beside: [])
        } catch {
            throw .body(error.why)
        }
        let field = HTTPField.Name("Idempotency-Key").flatMap { request.fields[$0] }
        guard let id = command.id ?? field.flatMap({ CommandID($0) }) else {
            throw .body(
                "id: must be a text of 1 to 64 visible ASCII characters, chosen by the requester")
        }
        return WebOrder(request: command.request, id: id, expires: command.expires)
    }
}

extension WebRequest {
    /// The body as JSON.
    func json() throws(WebProblem) -> JsonNode {
        let (document, problems) = JsonParser.parse(body, .strict)
        guard let document, problems.isEmpty else {
            throw .body(problems.first?.description ?? "not JSON")
        }
        guard document.group != nil else { throw .body("must be an object") }
        return document
    }
}

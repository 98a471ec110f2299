import Codecs
import HTTPTypes

/// Why a request is not answered as it was meant, for programs and people alike.
///
/// Source: RFC 9457, Problem Details for HTTP APIs.
public struct WebProblem: Error, Hashable, Sendable {
    public let status: HTTPResponse.Status
    /// The end of its `type`, the same for all of a kind: `unknown-channel`.
    public let name: String
    /// What the kind is, in words.
    public let title: String
    /// What is wrong this time, for a person.
    public let detail: String
    /// Fields that belong to the status, such as `Allow`.
    public var fields: HTTPFields = [:]

    public init(
        _ status: HTTPResponse.Status, _ name: String, _ title: String, _ detail: String
    ) {
        (self.status, self.name) = (status, name)
        (self.title, self.detail) = (title, detail)
    }

    /// `urn:tidegate:problem:` and the name: no web site is needed to know it by.
    var type: String { "urn:tidegate:problem:\(name)" }

    var response: WebResponse {
        let text = JsonText.object([
            "type": .text(type), "title": .text(title),
            "status": .number(Int64(status.code)), "detail": .text(detail),
        ])
        var response = WebResponse(status, "application/problem+json", text.bytes)
        response.fields.append(contentsOf: fields)
        return response
    }
}

extension WebProblem {
    static let malformed = WebProblem(
        .badRequest, "malformed-request", "Malformed request",
        "the path or query cannot be understood")
    static let noHost = WebProblem(
        .badRequest, "host", "Host not given", "exactly one Host is needed")
    static let otherHost = WebProblem(
        .misdirectedRequest, "host", "Host not known",
        "this server does not go by that name; the layout lists its names in web.names")
    static let noPath = WebProblem(
        .notFound, "not-found", "Not found", "there is nothing at this path")
    static let tooLarge = WebProblem(
        .contentTooLarge, "too-large", "Request too large", "the body is longer than a command")
    static let tooManyStreams = WebProblem(
        .serviceUnavailable, "too-many-streams", "Too many streams",
        "as many live streams are open as there may be; close a page and try again")

    static func method(_ allowed: [HTTPRequest.Method]) -> WebProblem {
        let words = allowed.map(\.rawValue).joined(separator: ", ")
        var problem = WebProblem(
            .methodNotAllowed, "method", "Method not allowed", "only \(words) is possible here")
        problem.fields[.allow] = words
        return problem
    }

    /// A part of the query that cannot be understood.
    public static func query(_ detail: String) -> WebProblem {
        WebProblem(.badRequest, "query", "Invalid query", detail)
    }

    /// A body that cannot be understood.
    public static func body(_ detail: String) -> WebProblem {
        WebProblem(.badRequest, "body", "Invalid body", detail)
    }

    /// Something by a name that the gateway does not have.
    public static func unknown(_ noun: String, _ detail: String) -> WebProblem {
        WebProblem(.notFound, "unknown-\(noun)", "Unknown \(noun)", detail)
    }

    /// Something is not there now and may be later.
    public static func unavailable(_ detail: String) -> WebProblem {
        var problem = WebProblem(
            .serviceUnavailable, "unavailable", "Not available now", detail)
        problem.fields[.retryAfter] = "5"
        return problem
    }
}

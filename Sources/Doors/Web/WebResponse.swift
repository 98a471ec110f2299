import HTTPTypes

/// An answer.
public struct WebResponse: Sendable {
    public var status: HTTPResponse.Status
    public var fields: HTTPFields
    public var body: Body

    /// What follows the head.
    public enum Body: Sendable {
        case bytes([UInt8])
        /// Sends until it comes back or is cancelled, which it is when the requester is gone or the server stops.
        case stream(@Sendable (_ send: @escaping Sink) async -> Void)
    }

    /// Sends bytes; comes back when there is room for more, false when the requester is gone.
    public typealias Sink = @Sendable ([UInt8]) async -> Bool

    public init(
        _ status: HTTPResponse.Status = .ok, _ type: String, _ bytes: [UInt8],
        caching: String = "no-store"
    ) {
        self.status = status
        fields = [.contentType: type, .cacheControl: caching]
        body = .bytes(bytes)
    }

    /// JSON that nobody keeps.
    public static func json(_ bytes: [UInt8]) -> WebResponse {
        WebResponse(.ok, "application/json", bytes)
    }

    /// What every answer has, so that no browser does more with it than it should.
    ///
    /// Source: W3C Content Security Policy 3, Fetch Metadata; OWASP HTTP Headers cheat sheet.
    static let security: HTTPFields = {
        var fields: HTTPFields = [
            .contentSecurityPolicy:
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                + "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            .xContentTypeOptions: "nosniff",
        ]
        for (name, value) in [
            ("Referrer-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ] {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return fields
    }()
}

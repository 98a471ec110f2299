import CPage
import HTTPTypes
import Vocabulary

/// The page: four files that are part of the program. Anybody who reaches the server gets them; what they show needs
/// the rights that it needs.
public enum PageRoutes {
    /// One file each.
    public static let all: [WebRoute] = [
        route("/", 0, "text/html; charset=utf-8"),
        route("/page/page.css", 1, "text/css; charset=utf-8"),
        route("/page/page.js", 2, "text/javascript; charset=utf-8"),
        route("/page/icon.svg", 3, "image/svg+xml"),
    ]

    private static func route(_ path: String, _ number: Int32, _ type: String) -> WebRoute {
        let bytes = file(number)
        let tag = "\"\(WebDigest.sha256(bytes).prefix(12).map(\.hex).joined())\""
        return WebRoute(.get, path, right: nil) { request in
            // Asked for again each time, so that no page is of another version than its script.
            var response = WebResponse(.ok, type, bytes, caching: "no-cache")
            response.fields[.eTag] = tag
            if request.fields[.ifNoneMatch] == tag {
                response.status = .notModified
                response.body = .bytes([])
            }
            return response
        }
    }

    private static func file(_ number: Int32) -> [UInt8] {
        var length = 0
        // Sound: the call answers as many bytes as it writes to `length`, which live as long as the program.
        let bytes = unsafe UnsafeBufferPointer(
            start: tidegate_page_file(number, &length), count: length)
        return unsafe Array(bytes)
    }
}

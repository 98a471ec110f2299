import Codecs
import Documents
import HTTPTypes

/// Logging in and out, for the page.
enum SessionRoutes {
    static func all(_ access: WebAccess) -> [WebRoute] {
        let path = "/api/v1/session"
        return [
            WebRoute(.get, path, right: nil) { request throws(WebProblem) in
                try request.target.check([])
                return answer(request, access.proof(request.head), access)
            },
            WebRoute(.post, path, right: nil) { request throws(WebProblem) in
                let document = try request.json()
                for member in document.group ?? [] where member.name != "password" {
                    throw .body("\(member.name.printable(limit: 40)): unknown; known is password")
                }
                guard let password = document["password"]?.text else {
                    throw .body("password: must be a text")
                }
                let (cookie, proof) = try await access.logIn(password, from: request.head.address)
                var response = answer(request, proof, access)
                response.fields[.setCookie] = cookie
                return response
            },
            WebRoute(.delete, path, right: nil) { request in
                let cookie = access.logOut(request.head)
                var response = answer(request, nil, access)
                response.fields[.setCookie] = cookie
                return response
            },
        ]
    }

    private static func answer(
        _ request: WebRequest, _ proof: String?, _ access: WebAccess
    ) -> WebResponse {
        let rights = proof == nil ? request.requester.rights : Set(WebRight.allCases)
        return .json(
            JsonText.object([
                "login": .flag(access.hasLogin),
                "proof": proof.map { .text($0) } ?? .null,
                "rights": .list(
                    WebRight.allCases.filter(rights.contains).map { .text($0.rawValue) }),
            ]).bytes)
    }
}

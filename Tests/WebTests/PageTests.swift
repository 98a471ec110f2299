import HTTPTypes
import Testing

@testable import Web

@Suite struct `The page` {
    private let desk = WebDesk(WebRoutes(PageRoutes.all), access: .test(open: []))

    @Test(arguments: [
        ("/", "text/html"), ("/page/page.css", "text/css"), ("/page/page.js", "text/javascript"),
        ("/page/icon.svg", "image/svg+xml"),
    ])
    func `is there without a login, and is sent once as long as it is the same`(
        path: String, type: String
    ) async throws {
        let answer = await desk.ask(.get, path)
        #expect(answer.status == .ok && answer.fields[.contentType]?.hasPrefix(type) == true)
        #expect(answer.fields[.cacheControl] == "no-cache" && answer.text.utf8.count > 100)
        let tag = try #require(answer.fields[.eTag])
        let again = await desk.ask(.get, path, [.ifNoneMatch: tag])
        #expect(again.status == .notModified && again.text == "")
        #expect(await desk.ask(.get, path, [.ifNoneMatch: "\"x\""]).status == .ok)
    }

    @Test func `has nothing inline, and no address of another place`() async {
        let page = await desk.ask(.get, "/").text
        for part in ["<style", "style=", "onclick", "onload", "javascript:"] {
            #expect(!page.contains(part), "\(part)")
        }
        #expect(page.matches(of: /<script(?! src=)/).isEmpty)
        for path in ["/", "/page/page.css", "/page/page.js"] {
            let text = await desk.ask(.get, path).text
            // Relative, so that it works behind a prefix.
            #expect(text.matches(of: /(src|href)="(\/|https?:)/).isEmpty, "\(path)")
            #expect(!text.contains("http://") && !text.contains("https://"), "\(path)")
            #expect(!text.contains("innerHTML"), "\(path)")
        }
    }

    @Test func `may be reached by a link of another site, unlike what it shows`() async throws {
        let site = try #require(HTTPField.Name("Sec-Fetch-Site"))
        #expect(await desk.ask(.get, "/", [site: "cross-site"]).status == .ok)
    }
}

import Foundation
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct `A running gateway's layout` {
    private let home: TestHome

    init() throws { home = try TestHome() }

    /// Puts another file in the place of the layout, in one step.
    private func replace(_ path: String, _ text: String) throws {
        let draft = try home.file(".draft", text)
        try #require(rename(draft, path) == 0)
    }

    @Test func `is taken over on SIGHUP and when it changes, unless it has problems`() async throws
    {
        let text = try String(contentsOfFile: TestHome.demo, encoding: .utf8)
        let path = try home.file("house.json", text)
        let gateway = try home.start("run", path)
        try #require(await gateway.error("takes commands") != nil, "\(gateway.text)")
        let set = try home.start("set", "pump", "on")
        #expect(await set.end() == 0, "\(set.text)")

        gateway.signal(SIGHUP)
        #expect(await gateway.error("the layout says nothing new") != nil)

        try replace(path, "{ \"gateway\": 7 }")
        gateway.signal(SIGHUP)
        #expect(await gateway.error("reloadRefused: ") != nil, "\(gateway.text)")

        let other = text.replacingOccurrences(of: "tank-top", with: "tank-lid")
        try replace(path, other)
        #expect(
            await gateway.error("reloaded: added tank-lid; removed tank-top") != nil,
            "\(gateway.text)")
        let watch = try home.start("watch")
        #expect(await watch.shows(#""channel":"tank-lid""#), "\(watch.text)")
        #expect(!gateway.errors.contains { $0.contains("asked for 0") })
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0, "\(gateway.text)")
    }
}

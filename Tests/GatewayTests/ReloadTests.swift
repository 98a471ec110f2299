import Foundation
import Testing

@Suite(.serialized, .timeLimit(.minutes(10))) struct `A running gateway's layout` {
    private let home: TestHome

    init() throws { home = try TestHome() }

    /// Puts another file in the place of the layout, in one step.
    private func replace(_ path: String, _ text: String) throws {
        let draft = try home.file(".draft", text)
        try #require(rename(draft, path) == 0)
    }

    @Test func `and its secrets may be pipes without a writer, and all else stops as asked`()
        async throws
    {
        let pipe = home.path + "/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        let nodes =
            #"[{"name": "pump", "kind": "relay", "safeState": "off", "component": "#
            + #"{"driver": "gpio-relay", "line": "demo/17", "simulated": true}}]"#
        let path = try home.file(
            "house.json",
            #"{"gateway": "d1.demo.scada", "nodes": \#(nodes), "upstreams": [{"name": "site", "#
                + #""broker": "mqtt://127.0.0.1:9", "user": "a", "password": {"file": "\#(pipe)"}}, "#
                + #"{"name": "house", "broker": "embedded"}]}"#)
        let gateway = try home.start("run", path)
        #expect(await gateway.error("site, password: \(pipe): is a pipe") != nil, "\(gateway.text)")
        try #require(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        try #require(rename(pipe, path) == 0)
        gateway.signal(SIGHUP)
        #expect(await gateway.error("reloadRejected") != nil, "\(gateway.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0, "\(gateway.text)")
    }

    @Test func `is reported to the service manager from its beginning to its end`() async throws {
        let listener = try Listener()
        let text = try String(contentsOfFile: TestHome.demo, encoding: .utf8)
        let path = try home.file("house.json", text)
        let gateway = try home.start("run", path, with: ["NOTIFY_SOCKET": listener.path])
        try #require(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        try replace(path, text.replacingOccurrences(of: "tank-top", with: "tank-lid"))
        gateway.signal(SIGHUP)
        #expect(await gateway.error("layout.reloaded") != nil, "\(gateway.text)")
        gateway.signal(SIGHUP)
        #expect(await gateway.error("layout.unchanged") != nil, "\(gateway.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0, "\(gateway.text)")
        var words: [String] = []
        while let word = listener.next() { words.append(word) }
        let told = words.filter { !$0.hasPrefix("STATUS=") }
        try #require(told.count >= 6, "\(words)")
        #expect(told[0].hasPrefix("READY=1\nSTATUS="))
        for reload in stride(from: 1, to: told.count - 1, by: 2) {
            #expect(told[reload].hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
            #expect(Int64(told[reload].split(separator: "=").last ?? "") ?? 0 > 0)
            #expect(told[reload + 1].hasPrefix("READY=1\nSTATUS="))
        }
        #expect(told.last?.hasPrefix("STOPPING=1") == true)
    }

    @Test func `gives new channels their units in the history at once`() async throws {
        let text = try String(contentsOfFile: TestHome.demo, encoding: .utf8)
        let path = try home.file("house.json", text)
        let gateway = try home.start("run", path)
        try #require(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        try replace(path, text.replacingOccurrences(of: "tank-top", with: "tank-lid"))
        let watch = try home.start("watch")
        #expect(await watch.shows(#""channel":"tank-lid""#), "\(watch.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0, "\(gateway.text)")
        let export = try home.start("export", path, "--channel", "tank-lid")
        #expect(await export.end() == 0, "\(export.text)")
        let rows = export.output.filter { $0.contains("tank-lid") }
        #expect(!rows.isEmpty)
        for row in rows { #expect(row.contains("celsius"), "\(row)") }
    }

    @Test func `is taken over on SIGHUP and when it changes, unless it has problems`() async throws
    {
        let text = try String(contentsOfFile: TestHome.demo, encoding: .utf8)
        let path = try home.file("house.json", text)
        let gateway = try home.start("run", path)
        try #require(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        let set = try home.start("set", "pump", "on")
        #expect(await set.end() == 0, "\(set.text)")

        gateway.signal(SIGHUP)
        #expect(await gateway.error("layout.unchanged") != nil)

        try replace(path, "{ \"gateway\": 7 }")
        gateway.signal(SIGHUP)
        #expect(await gateway.error("layout.rejected") != nil, "\(gateway.text)")

        let other = text.replacingOccurrences(of: "tank-top", with: "tank-lid")
        try replace(path, other)
        #expect(
            await gateway.error("reloaded: added tank-lid; removed tank-top") != nil,
            "\(gateway.text)")
        let watch = try home.start("watch")
        #expect(await watch.shows(#""channel":"tank-lid""#), "\(watch.text)")
        #expect(!gateway.errors.contains { $0.contains("pump: off") })
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0, "\(gateway.text)")
    }
}

import Foundation
import TestMachine
import Testing

/// The folder in which a gateway leaves its broker and the way to it.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `The run folder` {
    private let home: TestHome

    init() throws { home = try TestHome() }

    private var folder: String { "\(home.path)/run/tidegate" }

    /// A gateway of one relay with a direct link, at an upstream of its own choice.
    private func layout(_ upstream: String, peers port: UInt16) throws -> String {
        try home.file(
            "house.json",
            """
            {"gateway": "d1.house.scada",
             "nodes": [{"name": "pump", "kind": "relay", "safeState": "off", "component":
               {"driver": "gpio-relay", "line": "chip/1", "simulated": true}}],
             "upstreams": [{"name": "house", \(upstream)}],
             "peers": {"listen": "127.0.0.1:\(port)", "rights": ["read", "switch"]}}
            """)
    }

    @Test func `of another user costs the broker, until it is the gateway's own`()
        async throws
    {
        let (port, trap) = (try reservedPort(), "\(home.path)/trap")
        try FileManager.default.createDirectory(atPath: trap, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: folder, withDestinationPath: trap)
        let gateway = try home.start("run", try layout(#""broker": "embedded""#, peers: port))
        try #require(await gateway.error("peers.listening") != nil, "\(gateway.text)")
        // The way in and the broker are opened side by side.
        let told = gateway.errors.first { $0.contains(#""fault":"broker""#) }
        let later = told == nil ? await gateway.error(#""fault":"broker""#) : nil
        let line = try #require(told ?? later, "\(gateway.text)")
        #expect(line.contains(folder))
        let set = try home.start("peer", "ask", "127.0.0.1:\(port)", "set", "pump", "on")
        #expect(await set.end() == 0, "\(set.text)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: trap) == [])
        try FileManager.default.removeItem(atPath: folder)
        #expect(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        let off = try home.start("set", "pump", "off")
        #expect(await off.end() == 0, "\(off.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
    }

    @Test func `is for its own user alone, under any umask`() async throws {
        let old = umask(0)
        defer { umask(old) }
        let gateway = try home.start("run", TestHome.demo)
        try #require(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        for path in [folder, "\(folder)/d1.demo.scada-broker"] {
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
            #expect(mode as? Int == 0o700, "\(path)")
        }
        for path in ["d1.demo.scada.json", "d1.demo.scada-broker/mosquitto.conf"] {
            let mode = try FileManager.default
                .attributesOfItem(atPath: "\(folder)/\(path)")[.posixPermissions]
            #expect(mode as? Int == 0o600, "\(path)")
        }
    }

    @Test func `shows other commands where a password is, and not the password`() async throws {
        let site = try home.start("run", try home.demoWithPort())
        try #require(await site.error("link.subscribed") != nil, "\(site.text)")
        let login = try home.login("d1.demo.scada")
        let secret = try home.file("password", "\(login.password)\n")
        let gateway = try home.start(
            "run",
            try layout(
                """
                "broker": "\(login.broker)", "user": "\(login.user)",
                "password": {"file": "\(secret)"}
                """, peers: try reservedPort()))
        try #require(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        let file = try String(contentsOfFile: "\(folder)/d1.house.scada.json", encoding: .utf8)
        #expect(!file.contains(login.password) && file.contains(secret))
        // A topic is the broker's, so that the gateway is not asked itself.
        let words = [
            "set", "pump", "on", "--gateway", "d1.house.scada", "--topic", "tidegate",
        ]
        let set = try home.start(words)
        #expect(await set.end() == 0, "\(set.text)")
        // Somebody else's password is not sent for another user, and one that is given counts.
        let other = try home.start(words + ["--user", "somebody"])
        #expect(await other.end() == 69, "\(other.text)")
        let known = try home.start(
            words + ["--user", login.user], with: ["TIDEGATE_PASSWORD": login.password])
        #expect(await known.end() == 0, "\(known.text)")
        try FileManager.default.removeItem(atPath: secret)
        let lost = try home.start(words)
        #expect(await lost.end() == 78)
        #expect(lost.text.contains("TIDEGATE_PASSWORD") && lost.text.contains(secret))
    }
}

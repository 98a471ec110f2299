import Fakes
import Foundation
import Health
import Peers
import Testing

@testable import Gateway

/// The direct link as users run it: two processes and no broker.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `The direct link` {
    private let home: TestHome

    init() throws { home = try TestHome() }

    private func start(_ peers: String) throws -> Program {
        let layout = """
            {"gateway": "d1.demo.peers", "peers": {\(peers)},
             "nodes": [
               {"name": "pump", "kind": "relay", "safeState": "off",
                "component": {"driver": "gpio-relay", "line": "demo/17", "simulated": true}}]}
            """
        return try home.start("run", try home.file("peers.json", layout))
    }

    private func gateway(_ peers: String) async throws -> (Program, address: String) {
        let gateway = try start(#""listen": "127.0.0.1:0", "# + peers)
        let line = try #require(await gateway.error("peers.listening"), "\(gateway.text)")
        let address = try #require(line.firstMatch(of: /127\.0\.0\.1:\d+/)?.output)
        return (gateway, String(address))
    }

    /// Runs a command to its end.
    private func run(_ arguments: String...) async throws -> (status: Int32?, Program) {
        let program = try home.start(["peer"] + arguments)
        return (await program.end(), program)
    }

    @Test func `reads, switches, overrides and releases, reports how all stands, and watches`()
        async throws
    {
        let (gateway, address) = try await gateway(#""rights": ["read", "switch"]"#)
        let (read, value) = try await run("ask", address, "read", "pump")
        #expect(
            read == 0 && value.output.first?.contains(#""state":"off""#) == true, "\(value.text)")
        let watch = try home.start("peer", "ask", address, "watch")
        #expect(await watch.line(#""state":"off""#) != nil, "\(watch.text)")
        let (set, words) = try await run("ask", address, "set", "pump", "on")
        #expect(set == 0 && words.output == ["pump is on"], "\(words.text)")
        #expect(await watch.line(#""state":"on""#) != nil, "\(watch.text)")
        let (held, hold) = try await run("ask", address, "set", "pump", "on", "--for", "10min")
        #expect(held == 0 && hold.output == ["pump is on, overridden for 10min"], "\(hold.text)")
        let (released, back) = try await run("ask", address, "release", "pump")
        #expect(released == 0 && back.output == ["pump is released and off"], "\(back.text)")
        let (asked, status) = try await run("ask", address, "status")
        let all = status.output.joined()
        #expect(
            asked == 0 && all.contains(#"{"name":"driver pump","state":"connected","polls":"#),
            "\(all)")
        #expect(all.contains(#""faults":[]"#) && all.contains(#""channel":"pump""#), "\(all)")
        // The watch is a subscriber, and the commands above were answered.
        #expect(all.contains(#"{"name":"peer 127.0.0.1","depth":0,"dropped":0,"#), "\(all)")
        #expect(all.contains(#"{"name":"commands pump","depth":0,"dropped":0,"inWork":0,"#))
        let (unknown, why) = try await run("ask", address, "read", "pmup")
        #expect(unknown == 1 && why.text.contains("did you mean pump"), "\(why.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
        #expect(await watch.end() != nil)
    }

    @Test func `accepts paired peers alone, and logs each rejection`()
        async throws
    {
        func keygen(_ place: String...) async throws -> String {
            let program = try home.start(["peer", "keygen"] + place)
            #expect(await program.end() == 0, "\(program.text)")
            let line = try #require(program.output.first { $0.hasPrefix("fingerprint") })
            return String(line.dropFirst("fingerprint".count)).trimmingCharacters(in: .whitespaces)
        }
        func pair(_ name: String, _ fingerprint: String, _ rest: String...) async throws {
            let program = try home.start(
                ["peer", "pair", name, "--fingerprint", fingerprint] + rest)
            #expect(await program.end() == 0, "\(program.text)")
        }
        let (laptop, thief) = ("\(home.path)/laptop", "\(home.path)/thief")
        let ours = try await keygen("--gateway", "d1.demo.peers")
        let theirs = try await keygen("--state-directory", laptop, "--name", "laptop")
        _ = try await keygen("--state-directory", thief, "--name", "thief")
        try await pair("laptop", theirs, "--gateway", "d1.demo.peers", "--rights", "read,switch")
        try await pair("house", ours, "--state-directory", laptop, "--rights", "none")
        try await pair("house", ours, "--state-directory", thief, "--rights", "none")
        let (gateway, address) = try await gateway(#""tls": true"#)
        let tls = ["--tls", "--state-directory"]
        let set = try home.start(["peer", "ask", address, "set", "pump", "on"] + tls + [laptop])
        #expect(await set.end() == 0 && set.output == ["pump is on"], "\(set.text)")
        let refused = try home.start(["peer", "ask", address, "read", "pump"] + tls + [thief])
        #expect(await refused.end() == 1, "\(refused.text)")
        #expect(refused.text.contains("pair there"), "\(refused.text)")
        let told = await gateway.error(
            "an unknown peer was rejected; to accept it, run tidegate peer pair")
        #expect(told?.contains(" --gateway d1.demo.peers --fingerprint") == true, "\(gateway.text)")
        let plain = try home.start("peer", "ask", address, "read", "pump")
        #expect(await plain.end() == 1, "\(plain.text)")
        #expect(plain.text.contains("the peer speaks TLS and this side does not"))
        // The others are unaffected.
        let again = try home.start(["peer", "ask", address, "read", "pump"] + tls + [laptop])
        #expect(await again.end() == 0, "\(again.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
    }

    @Test func `has a watch that ends with 0 at a signal`() async throws {
        let (gateway, address) = try await gateway(#""rights": ["read"]"#)
        for number in [SIGTERM, SIGINT] {
            let watch = try home.start("peer", "ask", address, "watch")
            #expect(await watch.line(#""state":"off""#) != nil, "\(watch.text)")
            watch.signal(number)
            #expect(await watch.end() == 0, "\(watch.text)")
            #expect(watch.errors == [])
        }
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
    }

    @Test func `keeps no gateway from running when another program has its port`() async throws {
        let squatter = try home.start("peer", "serve", "--listen", "127.0.0.1:0")
        let line = try #require(await squatter.line("listening on "), "\(squatter.text)")
        let address = String(line.dropFirst("listening on ".count))
        let gateway = try start(#""listen": "\#(address)""#)
        #expect(await gateway.error("port in use") != nil, "\(gateway.text)")
        let (status, second) = try await run("serve", "--listen", address)
        #expect(status == 78 && second.text.contains("port in use"))
        squatter.signal(SIGTERM)
        #expect(await squatter.end() == 0)
        // It is tried again by itself.
        #expect(await gateway.error("peers.listening") != nil, "\(gateway.text)")
        let (asked, all) = try await run("ask", address, "status")
        #expect(asked == 0 && all.output.joined().contains(#""faults":[]"#), "\(all.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
    }

    @Test func `is paired by commands that name the gateway and refuse what is wrong with 64`()
        async throws
    {
        let ours = try home.start("peer", "keygen", "--gateway", "d1.demo.peers")
        #expect(await ours.end() == 0)
        #expect(
            ours.text.contains("tidegate peer pair d1.demo.peers --fingerprint"), "\(ours.text)")
        let laptop = try home.start("peer", "keygen", "--name", "anna")
        #expect(await laptop.end() == 0)
        #expect(laptop.text.contains("tidegate peer pair anna --gateway ALIAS --fingerprint"))
        let place = ["--state-directory", home.path]
        let wrong = try home.start(["peer", "pair", "anna", "--fingerprint", "3f2a 91c0"] + place)
        #expect(await wrong.end() == 64)
        let unknown = try home.start(["peer", "pair", "anna", "--remove"] + place)
        #expect(await unknown.end() == 64, "\(unknown.text)")
        let file = try home.file("no-certificate.pem", "x\n")
        let empty = try home.start(["peer", "pair", "anna", "--certificate", file] + place)
        #expect(await empty.end() == 65)
        let none = try home.start(["peer", "pair", "anna", "--certificate", "\(file)x"] + place)
        #expect(await none.end() == 66)
    }

    @Test(.enabled(if: getuid() == 0)) func `leaves what root makes to the owner of the folder`()
        async throws
    {
        let folder = "\(home.path)/service"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.ownerAccountID: 65534, .groupOwnerAccountID: 65534])
        let key = try home.start("peer", "keygen", "--state-directory", folder)
        #expect(await key.end() == 0, "\(key.text)")
        let pair = try home.start(
            "peer", "pair", "anna", "--fingerprint", String(repeating: "0a", count: 32),
            "--state-directory", folder)
        #expect(await pair.end() == 0, "\(pair.text)")
        for file in ["peer-key.pem", "peers.json"] {
            let about = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(file)")
            #expect(about[.ownerAccountID] as? Int == 65534)
            #expect(about[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func `to an echo is measured`() async throws {
        let echo = try home.start("peer", "serve", "--listen", "127.0.0.1:0")
        let line = try #require(await echo.line("listening on "), "\(echo.text)")
        let (status, ping) = try await run(
            "ping", String(line.dropFirst("listening on ".count)), "--count", "50")
        #expect(status == 0, "\(ping.text)")
        echo.signal(SIGTERM)
        #expect(await echo.end() == 0)
    }

    @Test func `to an address without a listener fails at once`() async throws {
        let begin = ContinuousClock.now
        let (status, program) = try await run("ask", "127.0.0.1:9", "status")
        #expect(status == 69 && program.text.contains("connection refused"), "\(program.text)")
        // Far less than the eight seconds that it would wait for an answer.
        #expect(begin.duration(to: .now) < .seconds(4))
    }

    @Test func `reports a peer that opens, goes, breaks and comes back`() {
        var words = PeerStatuses(incarnation: "1")
        func link(_ connections: Int, _ cause: String? = nil) -> PeerLink {
            PeerLink(
                name: "laptop", connections: connections, counts: [:], cause: cause)
        }
        var monitor = LinkMonitor(name: "peer laptop")
        var told: [LinkStatus.State?] = []
        for state in [link(1), link(0), link(2), link(0, "no hello"), link(0, "no hello"), link(1)]
        {
            for status in words.statuses(of: [state], .opening) {
                monitor.heard(status, at: .init(nanoseconds: 0))
            }
            told.append(monitor.state)
        }
        #expect(told == [.connected, .closed, .connected, .unreachable, .unreachable, .connected])
    }

    @Test func `is shown with all that was counted of it`() {
        var words = PeerStatuses(incarnation: "1")
        let counts: LinkCounts = [.received: 5, .sent: 4, .dropped: 3, .lateAcknowledgements: 2]
        let link = PeerLink(name: "laptop", connections: 1, counts: counts, cause: nil)
        #expect(words.statuses(of: [link], .opening).last?.counts == counts)
    }
}

import Documents
import Foundation
import Testing
import Vocabulary

@testable import CommandLine

/// What `set`, `release`, `watch` and `tap` do by themselves for a gateway of this machine.
@Suite(.serialized, .timeLimit(.minutes(5))) struct `A gateway without an upstream` {
    private let home: TestHome

    init() throws { home = try TestHome() }

    private func gateway() async throws -> Program {
        let layout = try home.file(
            "house.json",
            """
            {"gateway": "d1.house.scada",
             "nodes": [{"name": "pump", "kind": "relay", "safeState": "off", "component":
               {"driver": "gpio-relay", "line": "chip/1", "simulated": true}}]}
            """)
        let gateway = try home.start("run", layout)
        try #require(await gateway.error("control.listening") != nil, "\(gateway.text)")
        return gateway
    }

    @Test func `is switched, overridden and released from the command line`() async throws {
        let gateway = try await gateway()
        for (words, answer) in [
            (["set", "pump", "on"], "pump is on"),
            (["set", "pump", "0"], "pump is 0"),
            (["set", "pump", "on", "--for", "10min"], "pump is on, overridden for 10min"),
            (["release", "pump"], "pump is released and off"),
        ] {
            let command = try home.start(words)
            #expect(await command.end() == 0, "\(command.text)")
            #expect(command.output == [answer])
        }
        for (words, code) in [
            (["set", "pumpe", "on"], 1), (["set", "pump", "2"], 1), (["set", "pump", "much"], 64),
        ] as [([String], Int32)] {
            let command = try home.start(words)
            #expect(await command.end() == code, "\(command.text)")
        }
        // Who has asked stands in the log, and an override in the status.
        #expect(gateway.errors.contains { $0.contains("(cli root)") || $0.contains("(cli uid-") })
        let held = try home.start("set", "pump", "on", "--for", "1h")
        #expect(await held.end() == 0, "\(held.text)")
        let status = try home.start("status")
        #expect(await status.end() == 0, "\(status.text)")
        let line = status.output.first { $0.hasPrefix("pump   on ") } ?? ""
        #expect(line.contains(" cli ") && line.contains("left"), "\(status.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
    }

    @Test func `is followed by watch and tap, to where it comes back`() async throws {
        let first = try await gateway()
        let (watch, tap) = (try home.start("watch"), try home.start("tap"))
        try #require(await watch.line(#""channel":"pump""#) != nil, "\(watch.text)")
        try #require(await tap.line(#""link":"driver pump""#) != nil, "\(tap.text)")
        first.signal(SIGKILL)
        _ = await first.end()
        for program in [watch, tap] {
            #expect(await program.error("retrying") != nil, "\(program.text)")
            program.skip()
        }
        let second = try await gateway()
        let set = try home.start("set", "pump", "on")
        #expect(await set.end() == 0, "\(set.text)")
        #expect(await watch.line(#""state":"on""#) != nil, "\(watch.text)")
        #expect(await tap.line(#""link":"driver pump","state":"connected""#) != nil, "\(tap.text)")
        for program in [watch, tap, second] {
            program.signal(SIGTERM)
            #expect(await program.end() == 0, "\(program.text)")
        }
    }

    @Test func `reloads its layout when it is asked to, and answers what came of it`() async throws
    {
        let gateway = try await gateway()
        let same = try home.start("reload")
        #expect(await same.end() == 0, "\(same.text)")
        #expect(same.output == ["layout unchanged"])
        _ = try home.file("house.json", "{\"gateway\": 1}")
        let wrong = try home.start("reload")
        #expect(await wrong.end() == 1, "\(wrong.text)")
        #expect(wrong.text.contains("rejected"), "\(wrong.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
    }

    @Test func `changes its log level for a time`() async throws {
        let gateway = try await gateway()
        for (words, answer) in [
            (["log-level"], "log level info"),
            (["log-level", "debug", "--for", "10min"], "log level debug for"),
            (["log-level"], "then info"),
        ] {
            let command = try home.start(words)
            #expect(await command.end() == 0, "\(command.text)")
            #expect(command.text.contains(answer), "\(command.text)")
        }
        #expect(gateway.errors.contains { $0.contains("log level debug for 10min") })
        for words in [["log-level", "loud"], ["log-level", "--for", "10min"]] {
            let command = try home.start(words)
            #expect(await command.end() == 64, "\(command.text)")
        }
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
    }

    @Test func `is not asked when an option names a broker`() async throws {
        let gateway = try await gateway()
        let set = try home.start(
            "set", "pump", "on", "--gateway", "d1.house.scada", "--broker", "mqtt://127.0.0.1:1")
        #expect(await set.end() == 69, "\(set.text)")
        #expect(!gateway.errors.contains { $0.contains("command.") })
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
    }
}

@Suite struct `The gateways of this machine` {
    private let sockets = [
        "/run/user/1000/tidegate": ["d1.mine.scada.sock", "d1.dead.scada.sock", "x.json"],
        "/run/tidegate": ["d1.house.scada.sock", "NO!.sock"],
    ]

    private func gateways(
        open: @escaping (String) -> Bool = { _ in true }
    ) -> LocalGateways {
        LocalGateways(
            folders: ["/run/user/1000/tidegate", "/run/tidegate"],
            names: { [sockets] in sockets[$0] ?? [] }, listens: { !$0.contains("dead") },
            mayAsk: open)
    }

    @Test func `are those whose sockets have a listener`() {
        #expect(
            gateways().running.map(\.path) == [
                "/run/user/1000/tidegate/d1.mine.scada.sock", "/run/tidegate/d1.house.scada.sock",
            ])
    }

    @Test
    func `are chosen by name, or by being this user's own, or the only one that may be asked`()
        throws
    {
        #expect(try gateways().one(of: "d1.house.scada").gateway == "d1.house.scada")
        #expect(try gateways().one(of: nil).gateway == "d1.mine.scada")
        #expect(throws: LocalGateways.Lack.self) { try gateways().one(of: "d1.none.scada") }
        let service = gateways { $0.contains("house") }
        #expect(try service.one(of: nil).gateway == "d1.house.scada")
        // One that does not let this user in says so itself.
        let none = gateways { _ in false }
        #expect(try none.one(of: "d1.house.scada").path == "/run/tidegate/d1.house.scada.sock")
    }

    @Test func `are looked for in this user's folder and the services', and by a unit in its own`()
    {
        #expect(
            LocalGateways.folders(ofUnit: nil, own: "/run/user/7/tidegate")
                == ["/run/user/7/tidegate", "/run/tidegate"])
        #expect(
            LocalGateways.folders(ofUnit: nil, own: "/run/tidegate") == ["/run/tidegate"])
        #expect(LocalGateways.folders(ofUnit: "/run/barn", own: "/run/barn") == ["/run/barn"])
    }

    @Test func `say what they say over a broker, unchanged`() {
        let line = Array(#"{"topic":"live/pump","message":{"value": 1.50, "a":[]}}"#.utf8)
        guard case .message(let message) = LocalLine(line, of: "d1.house.scada") else {
            Issue.record("no message")
            return
        }
        #expect(message.topic == "tidegate/d1.house.scada/live/pump")
        #expect(message.text == #"{"value": 1.50, "a":[]}"#)
        #expect(LocalLine(Array(#"{"end":true}"#.utf8), of: "d1.house.scada") == .end)
        #expect(
            LocalLine(Array(#"{"refused":"no"}"#.utf8), of: "d1.house.scada") == .refused("no"))
        for text in ["", "x", "[]", #"{"topic":1,"message":2}"#, #"{"topic":"live/pump"}"#] {
            #expect(LocalLine(Array(text.utf8), of: "d1.house.scada") == nil)
        }
    }
}

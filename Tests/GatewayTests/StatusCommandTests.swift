import Documents
import Foundation
import Testing

/// How a gateway of this machine stands, asked without a broker.
@Suite(.serialized, .timeLimit(.minutes(5))) struct `The status of a gateway on this machine` {
    private let home: TestHome

    init() throws { home = try TestHome() }

    private func layout(_ name: String = "d1.house.scada", _ more: String = "") throws -> String {
        try home.file(
            "\(name).json",
            """
            {"gateway": "\(name)",
             "nodes": [{"name": "pump", "kind": "relay", "safeState": "off", "component":
               {"driver": "gpio-relay", "line": "chip/1", "simulated": true}}\(more)]}
            """)
    }

    private func gateway(_ layout: String) async throws -> Program {
        let gateway = try home.start("run", layout)
        try #require(await gateway.error("control.listening") != nil, "\(gateway.text)")
        return gateway
    }

    @Test func `needs no upstream, and says in words and in JSON that all is well`() async throws {
        let gateway = try await gateway(try layout())
        let set = try home.start("set", "pump", "on")
        #expect(await set.end() == 0, "\(set.text)")
        let words = try home.start("status")
        #expect(await words.end() == 0, "\(words.text)")
        for part in [
            "gateway d1.house.scada: online", "clock    ", "journal  ", "disk     ",
            "pump   on     cli ",
            "process \(gateway.pid)",
        ] {
            #expect(words.output.contains { $0.contains(part) }, "\(part): \(words.text)")
        }
        let json = try home.start("status", "--json")
        #expect(await json.end() == 0, "\(json.text)")
        let status = JsonParser.document(Array(json.output[0].utf8), .strict)
        #expect(json.output.count == 1)
        #expect(status?["gateway"]?.text == "d1.house.scada" && status?["state"]?.text == "online")
        #expect(status?["control"]?.list?.count == 1 && status?["faults"]?.list?.count == 0)
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
    }

    @Test func `ends with 1 while a fault is active, and names it`() async throws {
        let gone = #"""
            , {"name": "tank", "kind": "sensor",
               "component": {"driver": "ds18b20", "sensor": "28-000000000000"}}
            """#
        let gateway = try await gateway(try layout("d1.house.scada", gone))
        // The fault may be raised before the socket is opened.
        if !gateway.errors.contains(where: { $0.contains("fault.raised") }) {
            try #require(await gateway.error("fault.raised") != nil, "\(gateway.text)")
        }
        let status = try home.start("status")
        #expect(await status.end() == 1, "\(status.text)")
        #expect(status.text.contains("1 active fault"), "\(status.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
    }

    @Test func `ends with 69 when none runs, also after one was killed`() async throws {
        for isKilled in [false, true] {
            if isKilled {
                let gateway = try await gateway(try layout())
                gateway.signal(SIGKILL)
                _ = await gateway.end()
            }
            let status = try home.start("status")
            #expect(await status.end() == 69, "\(status.text)")
            #expect(status.text.contains("no gateway of this user"), "\(status.text)")
        }
        // What the killed one has left is no hindrance.
        let next = try await gateway(try layout())
        let status = try home.start("status")
        #expect(await status.end() == 0, "\(status.text)")
        next.signal(SIGTERM)
        #expect(await next.end() == 0)
    }

    @Test func `of one of several is that of the one that is named`() async throws {
        let first = try await gateway(try layout())
        let second = try await gateway(try layout("d1.barn.scada"))
        let both = try home.start("status")
        #expect(await both.end() == 78, "\(both.text)")
        #expect(both.text.contains("d1.barn.scada, d1.house.scada"), "\(both.text)")
        let named = try home.start("status", "--gateway", "d1.barn.scada")
        #expect(await named.end() == 0, "\(named.text)")
        let byLayout = try home.start("status", try layout())
        #expect(await byLayout.end() == 0, "\(byLayout.text)")
        #expect(byLayout.text.contains("d1.house.scada: online"))
        let none = try home.start("status", "--gateway", "d1.none.scada")
        #expect(await none.end() == 69, "\(none.text)")
        for gateway in [first, second] {
            gateway.signal(SIGTERM)
            #expect(await gateway.end() == 0)
        }
    }

    @Test func `cannot be had where the socket cannot be made, and the gateway runs all the same`()
        async throws
    {
        try FileManager.default.createDirectory(
            atPath: "\(home.path)/run/tidegate/d1.house.scada.sock",
            withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let gateway = try home.start("run", try layout())
        let line = try #require(await gateway.error(#""fault":"localControl""#), "\(gateway.text)")
        #expect(line.contains("is not a socket"), "\(line)")
        try FileManager.default.removeItem(
            atPath: "\(home.path)/run/tidegate/d1.house.scada.sock")
        #expect(await gateway.error("control.listening") != nil, "\(gateway.text)")
        let status = try home.start("status")
        #expect(await status.end() == 0, "\(status.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0)
    }
}

import Foundation
import Glibc
import TestMachine
import Testing

/// A machine that has no room.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `A machine without room` {
    private let home: TestHome

    init() throws { home = try TestHome() }

    private func layout(peers port: UInt16) throws -> String {
        try home.file(
            "house.json",
            """
            {"gateway": "d1.house.scada",
             "nodes": [{"name": "pump", "kind": "relay", "safeState": "off", "component":
               {"driver": "gpio-relay", "line": "chip/1", "simulated": true}}],
             "upstreams": [{"name": "house", "broker": "embedded"}],
             "peers": {"listen": "127.0.0.1:\(port)", "rights": ["read", "switch"]}}
            """)
    }

    private func limit(_ what: String, _ number: Int) -> [String] {
        ["/usr/bin/prlimit", "--\(what)=\(number):\(number)", "--"]
    }

    @Test(arguments: [8, 30]) func `has relays made safe and is reported in one line`(
        descriptors: Int
    ) async throws {
        let gateway = try home.start(
            ["run", try layout(peers: try reservedPort())], under: limit("nofile", descriptors))
        #expect(await gateway.end() == 70, "\(gateway.text)")
        #expect(gateway.errors.count == 1, "\(gateway.text)")
        #expect(gateway.errors.first?.contains("no room for") == true)
        #expect(gateway.errors.first?.hasSuffix("all relays are safe") == true)
    }

    @Test func `is reported by every command that cannot begin`() async throws {
        let drivers = try home.start(["drivers"], under: limit("nofile", 8))
        #expect(await drivers.end() == 70)
        #expect(drivers.text.contains("no room for"))
    }

    @Test func `lets a crowd at the door wait, and everything else go on`() async throws {
        let port = try reservedPort()
        let gateway = try home.start(
            ["run", try layout(peers: port)], under: limit("nofile", 48))
        try #require(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        let crowd = (0..<60).map { _ in visitor(at: port) }
        defer { for socket in crowd { close(socket) } }
        #expect(
            await gateway.error("accepting no connections for a moment") != nil, "\(gateway.text)")
        // Of 48, and what it opens for a moment.
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(gateway.pid)/fd")
        #expect(open.count <= 44)
        let set = try home.start("set", "pump", "on")
        #expect(await set.end() == 0, "\(set.text)")
        gateway.signal(SIGTERM)
        #expect(await gateway.end() == 0, "\(gateway.text)")
        let lines = gateway.errors.filter { $0.contains("accepting no connections for a moment") }
        #expect(lines.count < 5, "it is told each time")
    }

    @Test func `writes no core`() async throws {
        let gateway = try home.start("run", TestHome.demo)
        try #require(await gateway.error("link.subscribed") != nil, "\(gateway.text)")
        for process in [gateway.pid] + children(of: gateway.pid) {
            let limits = try String(contentsOfFile: "/proc/\(process)/limits", encoding: .utf8)
            let line = limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") }
            let words = try #require(line).split(separator: " ")
            #expect(["0", "1"].contains(words[4]) && words[4] == words[5])
        }
    }

    private func visitor(at port: UInt16) -> Int32 {
        let socket = Glibc.socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return socket
    }
}

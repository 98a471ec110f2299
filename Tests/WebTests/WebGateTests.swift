import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Web

/// One connection with a gate, and no server behind it.
private final class Gated {
    let channel = EmbeddedChannel()
    var refusals: [String] = []
    var slow: [String] = []
    var idle: [Bool] = []
    let limits = WebLimits()

    init(names: [String] = ["house.local"]) throws {
        let gate = WebGate(
            limits, hosts: HostList(names: names, address: "127.0.0.1", usesTls: false),
            events: WebGate.Events(
                idle: { [unowned self] in idle.append($0) },
                refused: { [unowned self] in refusals.append($0) },
                slow: { [unowned self] in slow.append($0) }))
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: false)
        try pipeline.addHandler(gate)
        channel.localAddress = try SocketAddress(ipAddress: "127.0.0.1", port: 2999)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 2999)).wait()
    }

    func send(_ text: String) { _ = try? channel.writeInbound(ByteBuffer(string: text)) }

    /// A whole request without a body.
    func ask(_ host: String = "localhost:2999") {
        send("GET /api/v1 HTTP/1.1\r\nHost: \(host)\r\n\r\n")
    }

    func answer() {
        let head = HTTPResponseHead(
            version: .http1_1, status: .ok, headers: ["content-length": "0"])
        channel.pipeline.write(HTTPServerResponsePart.head(head), promise: nil)
        channel.pipeline.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
    }

    func pass(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }

    var isOpen: Bool { channel.isActive }

    /// How many requests reached what is behind the gate.
    var heads: Int {
        var count = 0
        while let part = try? channel.readInbound(as: HTTPServerRequestPart.self) {
            if case .head = part { count += 1 }
        }
        return count
    }

    var sent: String {
        var text = ""
        while let part = try? channel.readOutbound(as: ByteBuffer.self) {
            text += String(buffer: part)
        }
        return text
    }
}

@Suite struct `The gate of the web server` {
    @Test func `closes a connection that says nothing for 10 s`() throws {
        let gated = try Gated()
        gated.pass(.milliseconds(9_999))
        #expect(gated.isOpen)
        gated.pass(.milliseconds(1))
        #expect(!gated.isOpen)
    }

    @Test func `closes a head that drips, whatever each byte's pause`() throws {
        let gated = try Gated()
        for byte in "GET /api/v1 HTTP/1.1\r\nHost: localhost:2999\r\n" {
            gated.send(String(byte))
            gated.pass(.milliseconds(400))
        }
        #expect(!gated.isOpen && gated.heads == 0)
    }

    @Test func `closes a body that drips, and counts it as slow`() throws {
        let gated = try Gated()
        gated.send("POST /x HTTP/1.1\r\nHost: localhost:2999\r\nContent-Length: 100\r\n\r\n")
        for _ in 0..<9 {
            gated.pass(.seconds(1))
            gated.send("x")
        }
        #expect(gated.isOpen && gated.slow == [])
        gated.pass(.seconds(1))
        #expect(!gated.isOpen && gated.slow.count == 1)
    }

    @Test func `gives an answer all the time it takes, and the next request 10 s`() throws {
        let gated = try Gated()
        gated.ask()
        gated.pass(.hours(3))
        #expect(gated.isOpen && gated.heads == 1)
        gated.answer()
        gated.pass(.seconds(9))
        gated.ask()
        gated.pass(.seconds(60))
        #expect(gated.isOpen && gated.idle == [false, true, false])
        gated.answer()
        gated.pass(.seconds(10))
        #expect(!gated.isOpen && gated.slow == [])
    }

    @Test func `gives a request behind one in work 10 s, too`() throws {
        let gated = try Gated()
        gated.ask()
        gated.send("POST /x HTTP/1.1\r\nHost: localhost:2999\r\nContent-Length: 9\r\n\r\n")
        gated.pass(.seconds(10))
        #expect(!gated.isOpen)
    }

    @Test func `closes one that does not take its answer`() throws {
        let gated = try Gated()
        gated.ask()
        gated.channel.isWritable = false
        gated.channel.pipeline.fireChannelWritabilityChanged()
        gated.pass(.seconds(9))
        gated.channel.isWritable = true
        gated.channel.pipeline.fireChannelWritabilityChanged()
        gated.pass(.seconds(60))
        #expect(gated.isOpen)
        gated.channel.isWritable = false
        gated.channel.pipeline.fireChannelWritabilityChanged()
        gated.pass(.seconds(10))
        #expect(!gated.isOpen && gated.slow.count == 1)
    }

    @Test(arguments: [
        "evil.test", "evil.test:2999", "localhost", "localhost:2998", "127.0.0.1", "127.0.0.1:80",
        "localhost.evil.test:2999", "localhost:2999.evil.test", "localhost:02999x",
        "house.local:81",
        "[::1]", "[::1]:2999:1", "", "localhost:2999,evil.test", "\u{2147}vil:2999",
    ])
    func `answers 421 to every name that is not the server's, before anything else`(host: String)
        throws
    {
        let gated = try Gated()
        gated.ask(host)
        let answer = gated.sent
        #expect(answer.hasPrefix("HTTP/1.1 421 ") || answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
        #expect(gated.heads == 0 && !gated.isOpen && gated.refusals.count == 1)
    }

    @Test(arguments: [
        "localhost:2999", "LOCALHOST:2999", "127.0.0.1:2999", "[::1]:2999", "house.local",
        "house.local:2999", "House.Local",
    ])
    func `lets in the names of loopback with the port, and those of the layout`(host: String) throws
    {
        let gated = try Gated()
        gated.ask(host)
        #expect(gated.heads == 1 && gated.isOpen && gated.refusals == [], "\(gated.sent)")
    }

    @Test(arguments: ["", "Host: localhost:2999\r\nHost: localhost:2999\r\n"])
    func `answers 400 to a request without a Host, or with two`(fields: String) throws {
        let gated = try Gated()
        gated.send("GET /api/v1 HTTP/1.1\r\n\(fields)\r\n")
        #expect(gated.sent.hasPrefix("HTTP/1.1 400 ") && gated.heads == 0 && !gated.isOpen)
    }

    @Test func `takes the form for proxies for its own name only`() throws {
        for (target, isGood) in [
            ("http://localhost:2999/api/v1", true), ("http://evil.test/api/v1", false),
            ("ftp://localhost:2999/", false), ("http:/localhost:2999", false), ("*", false),
        ] {
            let gated = try Gated()
            gated.send("GET \(target) HTTP/1.1\r\nHost: localhost:2999\r\n\r\n")
            #expect((gated.heads == 1) == isGood, "\(target)")
        }
    }

    @Test func `takes a body of 64 KiB and no more, announced or not`() throws {
        let limit = WebLimits().body
        func post(_ fields: String, _ body: String) throws -> (heads: Int, sent: String) {
            let gated = try Gated()
            gated.send("POST /x HTTP/1.1\r\nHost: localhost:2999\r\n\(fields)\r\n\r\n")
            gated.send(body)
            return (gated.heads, gated.sent)
        }
        let full = String(repeating: "x", count: limit)
        #expect(try post("Content-Length: \(limit)", full) == (1, ""))
        let announced = try post("Content-Length: \(limit + 1)", "")
        #expect(announced.heads == 0 && announced.sent.hasPrefix("HTTP/1.1 413 "))
        let chunks = "8000\r\n\(String(repeating: "x", count: 0x8000))\r\n"
        let endless = try post(
            "Transfer-Encoding: chunked", String(repeating: chunks, count: 3))
        #expect(endless.sent.hasPrefix("HTTP/1.1 413 "))
    }

    @Test func `gives its own refusals the fields of every answer`() throws {
        let gated = try Gated()
        gated.ask("evil.test")
        let answer = gated.sent
        for part in [
            "Content-Security-Policy: default-src 'none'", "X-Content-Type-Options: nosniff",
            "application/problem+json", "Connection: close", "Cache-Control: no-store",
            "urn:tidegate:problem:host",
        ] { #expect(answer.localizedContains(part), "\(part): \(answer)") }
        #expect(!answer.contains("evil.test"))
    }
}

extension String {
    /// Field names have no case.
    fileprivate func localizedContains(_ part: String) -> Bool {
        lowercased().contains(part.lowercased())
    }
}

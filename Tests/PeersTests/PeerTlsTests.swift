import NIOCore
import NIOSSL
import Testing
import Vocabulary

@testable import Peers

@Suite(.timeLimit(.minutes(10))) struct `TLS on the direct link` {
    private let hello = ByteBuffer(string: "hello")

    @Test(arguments: PeerSettings.Mode.allCases)
    func `lets in who is on the list, under the name and with the rights that stand there`(
        mode: PeerSettings.Mode
    ) async throws {
        let (ours, theirs) = (try newKey("gateway"), try newKey("laptop"))
        let service = ScriptedService()
        let gateway = try await Listening(
            PeerSettings(mode: mode), tls: try .knowing(ours, theirs, may: [.switch]),
            service: service)
        let laptop = requester(PeerSettings(mode: mode), tls: try .knowing(theirs, ours))
        let order = PeerOrder(.set(.flag(true)), id: CommandID("1")!)
        for _ in 0..<100 {
            _ = try await laptop.ask(.set("pump", order), of: gateway.address)
        }
        #expect(service.requesters.withLock { Set($0.map(\.name)) } == ["peer0"])
        let answer = try await laptop.ask(.status, of: gateway.address)
        #expect(String(decoding: answer, as: UTF8.self).contains("no right to read"))
        await laptop.stop()
        await gateway.node.stop()
    }

    @Test func `takes frames cut at every byte, each piece in a record of its own`() async throws {
        let (ours, theirs) = (try newKey("gateway"), try newKey("laptop"))
        let gateway = try await Listening(
            PeerSettings(mode: .asynchronous, echoes: true),
            tls: try .knowing(ours, theirs, may: [.read]))
        let tls = try PeerTls.knowing(theirs, ours)
        let identity = ChirpIdentity(high: 3, low: 4)
        let all = helloBytes() + frameBytes(identity, .wantsAcknowledgement, data: [1, 2, 3, 4, 5])
        for cut in 1..<all.readableBytes {
            let socket = try await RawSocket(gateway.address, tls: tls)
            try await socket.write(all.getSlice(at: 0, length: cut)!)
            try await socket.write(all.getSlice(at: cut, length: all.readableBytes - cut)!)
            // Hello, the echo, the acknowledgement.
            let reply = try await socket.read(ChirpHello.size + ChirpFrame.size * 2 + 5)
            #expect(reply.readableBytes == ChirpHello.size + ChirpFrame.size * 2 + 5, "cut \(cut)")
            socket.close()
        }
        await gateway.node.stop()
    }

    @Test func `refuses a stranger, reports to both sides why, and leaves others alone`()
        async throws
    {
        let (ours, theirs) = (try newKey("gateway"), try newKey("laptop"))
        let stranger = try newKey("stranger")
        let gateway = try await Listening(
            PeerSettings(echoes: true), tls: try .knowing(ours, theirs, may: [.read]))
        let laptop = requester(tls: try .knowing(theirs, ours))
        _ = try await laptop.request(hello, to: gateway.address)
        let thief = requester(tls: try .knowing(stranger, ours))
        let error = await #expect(throws: PeerError.self) {
            try await thief.request(hello, to: gateway.address)
        }
        #expect(error?.kind == .notTrusted, "\(error?.detail ?? "")")
        for await line in gateway.node.notices where line.contains("unknown peer") {
            #expect(line.contains("\(stranger.fingerprint)"))
            break
        }
        _ = try await laptop.request(hello, to: gateway.address)
        for node in [laptop, thief, gateway.node] { await node.stop() }
    }

    @Test func `does not speak to a gateway that is not on the list, but shows who it is`()
        async throws
    {
        let (ours, theirs) = (try newKey("gateway"), try newKey("laptop"))
        let gateway = try await Listening(
            PeerSettings(echoes: true), tls: try .knowing(ours, theirs, may: [.read]))
        let laptop = requester(tls: try .knowing(theirs, nil))
        let error = await #expect(throws: PeerError.self) {
            try await laptop.request(hello, to: gateway.address)
        }
        #expect(error?.kind == .notTrusted, "\(error?.detail ?? "")")
        #expect(try await laptop.meet(gateway.address) == ours.fingerprint)
        await laptop.stop()
        await gateway.node.stop()
    }

    @Test func `knows a peer by the name that an authority has signed`() async throws {
        // Each certificate stands for itself; put among the roots, it is its own authority.
        let (ours, theirs) = (try newKey("gateway"), try newKey("laptop.house"))
        let list = PeerList(
            ca: "/ca.pem",
            entries: [.init(name: "laptop.house", fingerprint: nil, rights: [.read])])
        let tls = try PeerTls(
            pem: Array(ours.secret.utf8), ca: Array(theirs.certificate.utf8)
        ) { list }
        let service = ScriptedService()
        let gateway = try await Listening(tls: tls, service: service)
        let laptop = requester(tls: try .knowing(theirs, ours))
        _ = try await laptop.ask(.status, of: gateway.address)
        #expect(service.requesters.withLock { $0.first?.name } == "laptop.house")
        let stranger = requester(tls: try .knowing(try newKey("laptop.house"), ours))
        await #expect(throws: PeerError.self) {
            try await stranger.ask(.status, of: gateway.address)
        }
        for node in [laptop, stranger, gateway.node] { await node.stop() }
    }

    @Test func `is not spoken with who speaks plainly`() async throws {
        let (ours, theirs) = (try newKey("gateway"), try newKey("laptop"))
        let gateway = try await Listening(
            PeerSettings(echoes: true), tls: try .knowing(ours, theirs, may: [.read]))
        let plain = requester(PeerSettings(timeout: .seconds(2)))
        await #expect(throws: PeerError.self) {
            try await plain.request(hello, to: gateway.address)
        }
        await plain.stop()
        await gateway.node.stop()
    }

    @Test func `needs a key that fits its certificate`() throws {
        let (one, other) = (try newKey("one"), try newKey("other"))
        let keyOfOther = other.secret.split(separator: "-----BEGIN").dropFirst().map {
            "-----BEGIN" + $0
        }
        for pem in [
            "", one.certificate, "no pem at all", one.certificate + (keyOfOther.last ?? ""),
        ] {
            let error = #expect(throws: PeerError.self) {
                try PeerTls(pem: Array(pem.utf8), ca: nil) { PeerList() }
            }
            #expect(error?.kind == .setting)
        }
    }

    @Test func `makes keys whose certificates say what they are called`() throws {
        let key = try newKey("house-7.local")
        let certificate = try #require(
            try NIOSSLCertificate.fromPEMBytes(Array(key.certificate.utf8)).first)
        #expect("\(certificate)".contains("house-7.local"))
        #expect(Fingerprint(pem: Array(key.certificate.utf8)) == key.fingerprint)
        #expect(Fingerprint("\(key.fingerprint)") == key.fingerprint)
        #expect("\(key.fingerprint)".split(separator: " ").count == 16)
        #expect(try newKey("house-7.local").fingerprint != key.fingerprint)
    }
}

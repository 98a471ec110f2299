import Fuzzing
import NIOCore
import TestMachine
import Testing
import Vocabulary

@testable import Peers

/// TLS on one side only, and others that are not understood.
@Suite(.timeLimit(.minutes(10))) struct `One who does not say hello` {
    /// The beginning of what OpenSSL 3 and BoringSSL send first, and OpenSSL's answer to a chirp hello.
    private let clientHello = ByteBuffer(bytes: [
        0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0x4d, 0xb3, 0xfa, 0xa9,
        0x98, 0x4d, 0xb3, 0xfa, 0xa9, 0x98,
    ])
    private let alert = ByteBuffer(bytes: [0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46])

    @Test func `is distinguished from a hello of any port by the first bytes`() {
        #expect(TlsRecord(clientHello) == .clientHello)
        #expect(TlsRecord(alert) == .alert)
        for count in 0..<11 {
            #expect(TlsRecord(clientHello.getSlice(at: 0, length: count)!) == nil)
        }
        for count in 0..<7 { #expect(TlsRecord(alert.getSlice(at: 0, length: count)!) == nil) }
    }

    @Test func `but begins TLS is turned away at once, wherever its bytes are cut`() {
        for cut in 0...11 {
            var link = ConversationDriver(.synchronous, greeted: false)
            link.receive(clientHello.getSlice(at: 0, length: cut)!)
            #expect((link.closed == nil) == (cut < 11))
            guard cut < 11 else { continue }
            link.receive(clientHello.getSlice(at: cut, length: clientHello.readableBytes - cut)!)
            #expect(link.closed??.kind == .malformed)
            #expect(link.closed??.detail.contains("speaks TLS and this port does not") == true)
        }
        // Who has said hello, or speaks TLS with us, may send what it likes.
        var plain = ConversationDriver(.synchronous)
        plain.receive(clientHello)
        #expect(plain.closed == nil)
        var tls = ConversationDriver(.synchronous, isPlain: false, greeted: false)
        tls.receive(clientHello)
        #expect(tls.closed == nil && tls.machine.hello?.port == 0x1603)
    }

    @Test func `but answers as TLS does has what to do reported to its requester`() {
        for isDropped in [false, true] {
            var link = ConversationDriver(.asynchronous, isDialled: true, greeted: false)
            link.post(1, .answer)
            link.receive(alert)
            link.machine.ended(isDropped ? PeerError(.lost, "dropped") : nil)
            link.collect()
            #expect(link.kind(1) == .notTrusted)
            #expect(link.detail(1)?.contains("use --tls") == true)
        }
    }

    @Test func `and goes, or keeps silent, may speak TLS, as is reported to who asked without it`()
    {
        for isPlain in [true, false] {
            var gone = ConversationDriver(
                .synchronous, isDialled: true, isPlain: isPlain, greeted: false)
            gone.post(1, .answer)
            gone.post(2, .answer)
            gone.machine.ended(nil)
            gone.collect()
            #expect(gone.kind(1) == .lost && gone.kind(2) == .unreachable)
            for id in [1, 2] {
                #expect(gone.detail(id)?.contains("before its hello") == true)
                #expect(gone.detail(id)?.contains("--tls") == isPlain)
            }
            var silent = ConversationDriver(
                .asynchronous, isDialled: true, isPlain: isPlain, greeted: false)
            silent.flushed()
            silent.post(1, .answer, within: .seconds(9))
            silent.flushed()
            silent.pass(.seconds(5))
            silent.machine.ended(silent.closed ?? nil)
            silent.collect()
            #expect(silent.kind(1) == .timedOut)
            #expect(silent.detail(1)?.contains("no hello within 5s") == true)
            #expect(silent.detail(1)?.contains("--tls") == isPlain)
        }
        // Who was heard, and who came to us, is no riddle.
        for (isDialled, isGreeted) in [(true, true), (false, false)] {
            var link = ConversationDriver(
                .synchronous, isDialled: isDialled, greeted: isGreeted)
            link.post(1, .answer)
            #expect(link.machine.ended(nil) == nil)
            link.collect()
            #expect(link.detail(1) == "the peer ended the connection")
        }
    }

    // MARK: - Between nodes

    private func lines(_ node: PeerNode, with word: String) async -> String? {
        for await line in node.notices where line.contains(word) { return line }
        return nil
    }

    @Test(arguments: PeerSettings.Mode.allCases)
    func `speaks TLS where we speak plainly: both sides say so`(mode: PeerSettings.Mode)
        async throws
    {
        let (ours, theirs) = (try newKey("gateway"), try newKey("laptop"))
        let gateway = try await Listening(
            PeerSettings(mode: mode), tls: try .knowing(ours, theirs, may: [.read]),
            service: ScriptedService())
        let plain = requester(PeerSettings(mode: mode))
        let error = await #expect(throws: PeerError.self) {
            try await plain.ask(.status, of: gateway.address)
        }
        #expect(error?.kind == .notTrusted && error?.detail.contains("use --tls") == true)
        // Others who ask at once are answered the same and dial no more.
        let again = await #expect(throws: PeerError.self) {
            try await plain.ask(.status, of: gateway.address)
        }
        #expect(again?.detail == error?.detail)
        let line = await lines(gateway.node, with: "does not speak TLS")
        #expect(line?.contains("then ask with --tls") == true)
        for node in [plain, gateway.node] { await node.stop() }
    }

    @Test(arguments: PeerSettings.Mode.allCases)
    func `speaks plainly where we speak TLS: both sides say so`(mode: PeerSettings.Mode)
        async throws
    {
        let (ours, theirs) = (try newKey("gateway"), try newKey("laptop"))
        let gateway = try await Listening(PeerSettings(mode: mode), service: ScriptedService())
        let laptop = requester(PeerSettings(mode: mode), tls: try .knowing(theirs, ours))
        let error = await #expect(throws: PeerError.self) {
            try await laptop.ask(.status, of: gateway.address)
        }
        #expect(error?.kind == .notTrusted)
        #expect(
            error?.detail.contains(/does not speak TLS[;,] ask without --tls/) == true,
            "\(error?.detail ?? "-")")
        let line = await lines(gateway.node, with: "speaks TLS and this port does not")
        #expect(line?.contains("ask without --tls") == true)
        for node in [laptop, gateway.node] { await node.stop() }
    }

    /// A hello begins with its port, which may look like the beginning of a record of TLS or of other things.
    @Test(
        arguments: [
            2_998, 40_000, 0x8003, 0xAA03, 0x1403, 0x1503, 0x1603, 0x1703, 0x8001, 0x4745, 0x5055,
        ]
            as [UInt16])
    func `plainly to a port of TLS is named so, whatever port it has`(port: UInt16) async throws {
        let (ours, theirs) = (try newKey("gateway"), try newKey("laptop"))
        let gateway = try await Listening(tls: try .knowing(ours, theirs, may: [.read]))
        let socket = try await RawSocket(gateway.address)
        try await socket.write(helloBytes(port: port) + frameBytes(.zero, data: [1]))
        let line = await lines(gateway.node, with: "connection closed")
        #expect(line?.contains("does not speak TLS") == true, "\(line ?? "")")
        socket.close()
        await gateway.node.stop()
    }
}

// As many as are asked for, so without a time limit.
@Suite struct `A hello of any port` {
    @Test(.ownThread) func `is never taken for TLS`() {
        var chance = SeededGenerator(seed: 5)
        for port: UInt16 in [0x1503, 0x1603] {
            for _ in 0..<Mangler.rounds(2_000) {
                var hello = ByteBuffer()
                ChirpHello(port: port, node: ChirpIdentity(using: &chance)).write(to: &hello)
                #expect(TlsRecord(hello) == nil)
            }
        }
    }
}

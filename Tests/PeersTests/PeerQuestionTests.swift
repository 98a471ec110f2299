import Documents
import Fakes
import Fuzzing
import NIOCore
import Synchronization
import TestMachine
import Testing
import Vocabulary

@testable import Peers

@Suite(.timeLimit(.minutes(10))) struct `A question` {
    private let id = CommandID("4f1d")!

    @Test func `says the same after its way over the wire`() throws {
        let order = PeerOrder(
            .set(.flag(true)), id: id, expires: WallTime(nanoseconds: 1_795_225_660_000_000_000))
        for question: PeerQuestion in [
            .read("meter-power"), .status, .watch, .set("pump", order),
            .set(
                "valve",
                PeerOrder(.set(.number(DecimalNumber("21.5")!)), id: id)),
            .set(
                "pump",
                PeerOrder(.override(.flag(true), for: .seconds(600)), id: id)),
            .set("pump", PeerOrder(.override(nil, for: .seconds(1)), id: id)),
            .set("pump", PeerOrder(.release, id: id)),
            .set("pump", PeerOrder(.set(.flag(false)), id: id, within: .seconds(8))),
        ] {
            #expect(try PeerQuestion.read(question.text) == question)
        }
    }

    @Test(arguments: [
        ("", "line 1"), ("[]", "ask"), (#"{"ask": "dance"}"#, "ask"),
        (#"{"ask": "read"}"#, "channel"), (#"{"ask": "read", "channel": "No!"}"#, "channel"),
        (#"{"ask": "status", "channel": "a"}"#, "channel: unknown"),
        (#"{"ask": "set", "node": "pump", "value": "on"}"#, "id"),
        (#"{"ask": "set", "node": "pump", "id": "1"}"#, "value"),
        (#"{"ask": "set", "node": "pump", "id": "1", "value": {}}"#, "value"),
        (#"{"ask": "set", "node": "pump", "id": "1", "value": "lots"}"#, "value"),
        (#"{"ask": "set", "node": "pump", "id": "1", "overrideFor": "long"}"#, "overrideFor"),
        (#"{"ask": "set", "node": "pump", "id": "1", "value": 1, "release": true}"#, "release"),
        (#"{"ask": "set", "node": "pump", "id": "1", "release": false}"#, "release"),
        (#"{"ask": "set", "node": "pump", "id": "1", "value": 1, "expires": "soon"}"#, "expires"),
        (#"{"ask": "set", "node": "pump", "id": "1", "value": 1, "timeout": 8}"#, "timeout"),
    ])
    func `that is invalid is answered with what is wrong`(text: String, what: String) {
        let error = #expect(throws: PeerRefusal.self) { try PeerQuestion.read(Array(text.utf8)) }
        #expect(error?.why.contains(what) == true)
    }

    @Test func `is answered by the service, which hears who asks`() async throws {
        let service = ScriptedService { _ in Array(#"{"value": 3}"#.utf8) }
        let gateway = try await Listening(service: service)
        let node = requester()
        let answer = try await node.ask(.read("tank-top"), of: gateway.address)
        #expect(String(decoding: answer, as: UTF8.self) == #"{"value": 3}"#)
        #expect(service.asked.withLock { $0 } == [.read("tank-top")])
        #expect(service.requesters.withLock { $0.first?.description } == "peer 127.0.0.1")
        await node.stop()
        await gateway.node.stop()
    }

    @Test func `is counted, and who asked is remembered after it has gone`() async throws {
        let gateway = try await Listening(service: ScriptedService())
        let node = requester()
        for _ in 0..<3 { _ = try await node.ask(.status, of: gateway.address) }
        #expect(
            await gateway.node.links == [
                PeerLink(
                    name: "127.0.0.1", connections: 1,
                    counts: [.received: 3, .sent: 3, .lateAcknowledgements: 0], cause: nil)
            ])
        await node.stop()
        await gateway.node.stop()
        #expect(await gateway.node.links.map(\.connections) == [0])
        #expect(await gateway.node.links.map { $0.counts[.received] } == [3])
    }

    @Test func `leaves acknowledgements for nothing counted by who sent them`() async throws {
        let gateway = try await Listening(service: ScriptedService())
        let socket = try await RawSocket(gateway.address)
        let identity = ChirpIdentity(high: 3, low: 4)
        let question = frameBytes(identity, header: [1, 1], data: PeerQuestion.status.text)
        let acknowledgement = frameBytes(identity, .acknowledgement)
        try await socket.write(helloBytes() + acknowledgement + acknowledgement + question)
        _ = try await socket.read(ChirpHello.size + ChirpFrame.size + 2 + 2)
        #expect(
            await gateway.node.links == [
                PeerLink(
                    name: "127.0.0.1", connections: 1,
                    counts: [.received: 1, .sent: 1, .lateAcknowledgements: 2], cause: nil)
            ])
        socket.close()
        await gateway.node.stop()
    }

    @Test func `too large for an answer is refused, and nothing else is changed`() {
        let identity = ChirpIdentity(high: 3, low: 4)
        let text = Array(repeating: UInt8(ascii: "1"), count: 98)
        for kind: PeerHeader.Kind in [.question, .answer, .news, .end] {
            let message = PeerHeader(kind).message(identity, text)
            #expect(message.refusedBeyond(100) == message)
            let refusal = message.refusedBeyond(99)
            #expect((refusal == message) == (kind != .answer))
            #expect(refusal.identity == identity && refusal.header == message.header)
        }
        let plain = PeerMessage(identity: identity, data: ByteBuffer(bytes: text))
        #expect(plain.refusedBeyond(10) == plain)
    }

    @Test(arguments: PeerSettings.Mode.allCases)
    func `whose answer is too large is refused, and the next is answered`(
        mode: PeerSettings.Mode
    ) async throws {
        let service = ScriptedService { question in
            question == .status
                ? Array(repeating: UInt8(ascii: "1"), count: 999) : Array("{}".utf8)
        }
        var settings = PeerSettings(mode: mode, slots: 1)
        settings.sizeLimit = 1_000
        let gateway = try await Listening(settings, service: service)
        let node = requester(PeerSettings(mode: mode))
        for _ in 0..<3 {
            let answer = try await node.ask(.status, of: gateway.address)
            let (document, _) = JsonParser.parse(answer)
            #expect(
                document?["refused"]?.text
                    == "the answer has 1001 bytes; the limit is 1000")
            let next = try await node.ask(.read("tank-top"), of: gateway.address)
            #expect(next == Array("{}".utf8))
        }
        for await line in gateway.node.notices {
            #expect(line.contains("an answer of 1001 bytes was not sent; at most 1000 are"))
            break
        }
        for node in [node, gateway.node] { await node.stop() }
    }

    @Test(arguments: PeerSettings.Mode.allCases)
    func `to watch goes on after news that are too large, which are counted`(
        mode: PeerSettings.Mode
    ) async throws {
        let sizes = Mutex([30, 999, 5_000, 20, 999, 10])
        let service = ScriptedService(news: {
            sizes.withLock { $0.popLast() }.map { [Array(repeating: UInt8(ascii: "1"), count: $0)] }
        })
        var settings = PeerSettings(mode: mode)
        settings.sizeLimit = 1_000
        let gateway = try await Listening(settings, service: service)
        let node = requester(PeerSettings(mode: mode))
        let watch = await node.watch(gateway.address)
        for size in [10, 20, 30] { #expect(try await watch.next()?.count == size) }
        #expect(await gateway.node.links.map { $0.counts[.dropped] } == [3])
        for await line in gateway.node.notices {
            #expect(line.contains("events were dropped, 1001 bytes; a message has at most 1000"))
            break
        }
        for node in [node, gateway.node] { await node.stop() }
    }

    @Test func `needs a right, and without it never reaches the service`() async throws {
        let service = ScriptedService()
        let gateway = try await Listening(PeerSettings(plainRights: [.read]), service: service)
        let node = requester()
        let order = PeerOrder(.set(.flag(true)), id: id)
        let answer = try await node.ask(.set("pump", order), of: gateway.address)
        #expect(String(decoding: answer, as: UTF8.self).contains("no right to switch"))
        #expect(service.asked.withLock { $0 } == [])
        await node.stop()
        await gateway.node.stop()
    }

    @Test func `to an echo is no answer`() async throws {
        let echo = try await Listening(PeerSettings(echoes: true))
        let node = requester()
        let answer = try await node.ask(.status, of: echo.address)
        #expect(String(decoding: answer, as: UTF8.self).contains("answers no requests"))
        await node.stop()
        await echo.node.stop()
    }

    @Test(arguments: PeerSettings.Mode.allCases)
    func `to watch brings news until the watcher lets go`(mode: PeerSettings.Mode) async throws {
        let count = Mutex(0)
        let service = ScriptedService(news: {
            let number = count.withLock { count in
                count += 1
                return count
            }
            return [Array("\(number)".utf8)]
        })
        let gateway = try await Listening(PeerSettings(mode: mode), service: service)
        let node = requester(PeerSettings(mode: mode))
        var watch: PeerWatch? = await node.watch(gateway.address)
        for number in 1...500 {
            let text = try await watch?.next()
            #expect(text.map { String(decoding: $0, as: UTF8.self) } == "\(number)")
        }
        // The watched side never runs far ahead of one that does not read.
        #expect(count.withLock { $0 } < 50_000)
        watch = nil
        for await _ in service.watchEnds { break }
        await node.stop()
        await gateway.node.stop()
    }

    @Test func `to watch ends when the other side ends it, and fails when the link is lost`()
        async throws
    {
        let gateway = try await Listening(
            service: ScriptedService(news: { nil }))
        let node = requester()
        let watch = await node.watch(gateway.address)
        #expect(try await watch.next() == nil)
        await gateway.node.stop()
        let hanging = ScriptedService(news: {
            await forEver()
            return nil
        })
        let other = try await Listening(service: hanging)
        let lost = await node.watch(other.address)
        _ = try await node.ask(.status, of: other.address)
        await other.node.stop()
        await #expect(throws: PeerError.self) { try await lost.next() }
        await node.stop()
    }
}

// As many as are asked for, so without a time limit.
@Suite struct `A question of mangled bytes` {
    @Test(.ownThread) func `is read or refused with a reason`() {
        var chance = SeededGenerator(seed: 3)
        let sample = Array(
            #"{"ask": "set", "node": "pump", "id": "1", "value": 1, "expires": "x"}"#.utf8)
        for _ in 0..<Mangler.rounds(3_000) {
            var text = sample
            for _ in 0..<Int.random(in: 1...5, using: &chance) {
                let index = Int.random(in: 0..<text.count, using: &chance)
                text[index] = UInt8.random(in: .min ... .max, using: &chance)
            }
            do throws(PeerRefusal) {
                _ = try PeerQuestion.read(text)
            } catch {
                #expect(!error.why.isEmpty)
            }
        }
    }
}

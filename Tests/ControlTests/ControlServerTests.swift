import Fakes
import Fuzzing
import NIOCore
import Peers
import Synchronization
import Testing
import Vocabulary

@testable import Control

@Suite(.timeLimit(.minutes(10))) struct `Local control` {
    private let status = #"{"ask": "status"}"# + "\n"

    @Test func `answers one request after the other, in their order`() async throws {
        let service = ScriptedControl { request in
            .one(Array((request == .question(.status) ? "1" : "2").utf8))
        }
        let control = try await ListeningControl(service: service)
        let caller = try await control.caller()
        caller.send(status + "\r\n\n" + #"{"ask": "read", "channel": "pump"}"# + "\r\n" + status)
        for answer in ["1", "2", "1"] { #expect(await caller.line() == answer) }
        #expect(service.asked.withLock(\.count) == 3)
        #expect(await control.server.counts.requests == 3)
        await caller.close()
        await control.server.stop()
    }

    @Test func `answers a request that comes in pieces, or without an end of line as the last`()
        async throws
    {
        let control = try await ListeningControl()
        let caller = try await control.caller()
        for byte in status.utf8 { caller.send([byte]) }
        #expect(await caller.line() == #"{"fine":true}"#)
        caller.send(String(status.dropLast()))
        try await caller.finish()
        #expect(await caller.line() == #"{"fine":true}"#)
        #expect(await caller.line() == nil)
        await control.server.stop()
    }

    @Test func `refuses what is invalid and answers the next request`() async throws {
        let control = try await ListeningControl()
        let caller = try await control.caller()
        for text in ["x", "{}", "[]", #"{"ask": "dance"}"#, #"{"ask": "watch", "topics": 1}"#] {
            caller.send(text + "\n")
            #expect(await caller.line()?.contains("refused") == true, "\(text)")
        }
        caller.send(status)
        #expect(await caller.line() == #"{"fine":true}"#)
        #expect(await control.server.counts.refused == 5)
        await control.server.stop()
    }

    @Test func `refuses to switch for a caller that may only read`() async throws {
        let service = ScriptedControl()
        let control = try await ListeningControl(service: service) { _ in [.read] }
        let caller = try await control.caller()
        caller.send(#"{"ask": "set", "node": "pump", "value": "on", "id": "1"}"# + "\n")
        #expect(await caller.line()?.contains("no right to switch") == true)
        #expect(service.asked.withLock { $0 } == [])
        caller.send(status)
        #expect(await caller.line() == #"{"fine":true}"#)
        await control.server.stop()
    }

    @Test func `reads nothing of one without rights`() async throws {
        let control = try await ListeningControl { _ in [] }
        let caller = try await control.caller()
        caller.send("x\n")
        #expect(await caller.line()?.contains("no rights") == true)
        #expect(await caller.line() == nil)
        await control.server.stop()
    }

    @Test(arguments: [4_097, 100_000, 5_000_000])
    func `ends a line that is too long or never ends`(count: Int) async throws {
        let service = ScriptedControl()
        let control = try await ListeningControl(service: service)
        let caller = try await control.caller()
        caller.send([UInt8](repeating: UInt8(ascii: " "), count: count))
        // One that still sends when it is closed may not come to read why.
        if count == 4_097 { #expect((await caller.line() ?? "").contains("at most 4096 bytes")) }
        while await caller.line() != nil {}
        #expect(await control.server.counts == ControlCounts(connections: 0, refused: 1))
        #expect(service.asked.withLock { $0 } == [])
        await control.server.stop()
    }

    @Test func `takes a request of exactly the limit`() async throws {
        let control = try await ListeningControl()
        let caller = try await control.caller()
        // The end of line does not count.
        caller.send(String(repeating: " ", count: 4_096 - status.utf8.count + 1))
        caller.send(status)
        #expect(await caller.line() == #"{"fine":true}"#)
        await control.server.stop()
    }

    @Test func `of a thousand connections keeps a few, and answers the next`() async throws {
        let control = try await ListeningControl()
        var callers: [Caller] = []
        for _ in 0..<1_000 {
            // One that is closed at once may be so before it is reported open.
            if let caller = try? await control.caller() { callers.append(caller) }
        }
        #expect(await control.server.counts.connections <= 16)
        let caller = try await control.caller()
        caller.send(status)
        #expect(await caller.line() == #"{"fine":true}"#)
        for caller in callers { await caller.close() }
        await control.server.stop()
    }

    @Test func `turns one away while all have requests in work, and says why`() async throws {
        let gate = Gate()
        let service = ScriptedControl { _ in
            await gate.wait()
            return .one(Array("1".utf8))
        }
        var limits = ControlServer.Limits()
        (limits.ofOneUser, limits.connections) = (2, 2)
        let control = try await ListeningControl(limits, service: service)
        let busy = [try await control.caller(), try await control.caller()]
        for caller in busy { caller.send(status) }
        await service.begun(2)
        let third = try await control.caller()
        #expect(await third.line()?.contains("2 connections of this user are open") == true)
        #expect(await third.line() == nil)
        // Whichever of them came first.
        for _ in busy { gate.open() }
        for caller in busy { #expect(await caller.line() == "1") }
        await control.server.stop()
    }

    @Test func `closes a reader that follows for one who may switch`() async throws {
        let gate = Gate()
        let service = ScriptedControl { request in
            if request == .watch { await gate.wait() }
            return .one(Array("1".utf8))
        }
        var limits = ControlServer.Limits()
        limits.connections = 2
        let admitted = Mutex(0)
        // The first two may only read, as a user whom an access list lets in.
        let control = try await ListeningControl(limits, service: service) { _ in
            admitted.withLock { count in
                count += 1
                return count <= 2 ? [.read] : [.read, .switch]
            }
        }
        let readers = [try await control.caller(), try await control.caller()]
        for reader in readers { reader.send(#"{"ask": "watch"}"# + "\n") }
        await service.begun(2)
        let root = try await control.caller()
        root.send(status)
        #expect(await root.line() == "1")
        #expect(await readers[0].line() == nil)
        #expect(await control.server.counts.connections == 2)
        for await line in control.server.notices {
            #expect(line.hasSuffix("its place is for one who may switch"), "\(line)")
            break
        }
        gate.open()
        #expect(await readers[1].line() == "1")
        await control.server.stop()
    }

    @Test func `cancels the work of one who goes away in the middle`() async throws {
        let (began, begin) = AsyncStream.makeStream(of: Void.self)
        let (ended, end) = AsyncStream.makeStream(of: Bool.self)
        let service = ScriptedControl { _ in
            .many { _ in
                begin.yield()
                let stream = AsyncStream<Void> { _ in }
                for await _ in stream {}
                end.yield(Task.isCancelled)
            }
        }
        let control = try await ListeningControl(service: service)
        let caller = try await control.caller()
        caller.send(#"{"ask": "watch"}"# + "\n")
        for await _ in began { break }
        await caller.close()
        for await isCancelled in ended {
            #expect(isCancelled)
            break
        }
        await control.server.stop()
    }

    @Test func `marks the end of what has several lines`() async throws {
        let service = ScriptedControl { _ in
            .many { send in
                for number in 1...3 { _ = await send([Array("\(number)".utf8)]) }
            }
        }
        let control = try await ListeningControl(service: service)
        var lines: [String] = []
        try await ControlClient.ask(.watch, at: control.folder.socket) { line in
            lines.append(String(decoding: line, as: UTF8.self))
            return lines.count < 4
        }
        #expect(lines == ["1", "2", "3", #"{"end":true}"#])
        await control.server.stop()
    }

    @Test func `closes one who takes nothing, and counts it`() async throws {
        let gate = Gate()
        let service = ScriptedControl { _ in
            await gate.wait()
            return .one([UInt8](repeating: UInt8(ascii: "1"), count: 8 << 20))
        }
        let control = try await ListeningControl(service: service)
        let caller = try await Caller(control.folder.socket, reads: false)
        await control.clock.sleepers(1)
        caller.send(status)
        await service.begun(1)
        // With a request in work nothing is due any more.
        control.clock.advance(by: .seconds(30))
        gate.open()
        await control.clock.sleepers(1)
        control.clock.advance(by: .seconds(10))
        for await line in control.server.notices {
            #expect(line.contains("took nothing for 10s"), "\(line)")
            break
        }
        #expect(await control.server.counts.slow == 1)
        #expect(await control.server.counts.connections == 0)
        await caller.close()
        await control.server.stop()
    }

    @Test func `closes one that is silent for half a minute`() async throws {
        let control = try await ListeningControl()
        let caller = try await control.caller()
        caller.send("{")
        await control.clock.sleepers(1)
        control.clock.advance(by: .seconds(30))
        #expect(await caller.line() == nil)
        await control.server.stop()
    }

    @Test func `that does not run is distinguished from one that rejects the caller`() async throws
    {
        let folder = try SocketFolder()
        let none = await #expect(throws: ControlError.self) {
            try await ControlClient.ask(.question(.status), at: folder.socket)
        }
        #expect(none?.kind == .notRunning)
        let control = try await ListeningControl(service: ScriptedControl { _ in .many { _ in } })
        await control.server.stop()
        let left = await #expect(throws: ControlError.self) {
            try await ControlClient.ask(.question(.status), at: control.folder.socket)
        }
        #expect(left?.kind == .notRunning)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A request to local control` {
    @Test(arguments: [
        ControlRequest.watch, .tap, .reload, .logLevel(nil, for: nil),
        .logLevel("debug", for: .seconds(600)), .logLevel("trace", for: nil), .question(.status),
        .question(.read("meter-power")),
        .question(
            .set("pump", PeerOrder(.override(.flag(true), for: .seconds(60)), id: CommandID("1")!))),
    ])
    func `says the same after its way over the socket, in one line`(request: ControlRequest) throws
    {
        #expect(!request.text.contains(UInt8(ascii: "\n")))
        #expect(try ControlRequest.read(request.text) == request)
    }

    @Test func `of any bytes is read or refused`() {
        let samples = [
            #"{"ask": "set", "node": "pump", "id": "1", "value": 1, "overrideFor": "10min"}"#,
            #"{"ask": "watch"}"#, #"{"ask": "logLevel", "level": "debug", "for": "10min"}"#,
            #"{"ask": "read", "channel": "tank-top"}"#,
        ].map { Array($0.utf8) }
        var mangler = Mangler(seed: 15, limit: 4_096)
        var read = 0
        for round in 0..<Mangler.rounds(3_000) {
            let text = mangler.mangled(samples[round % samples.count])
            // What comes in any pieces is the same.
            var lines = ControlLines(limit: 4_096)
            lines.append(text + [UInt8(ascii: "\n")])
            while let line = lines.next() {
                #expect(!line.contains(UInt8(ascii: "\n")) && !line.isEmpty)
                do throws(PeerRefusal) {
                    let request = try ControlRequest.read(line)
                    let again = try? ControlRequest.read(request.text)
                    #expect(again == .some(request))
                    read += 1
                } catch {
                    #expect(!error.why.isEmpty)
                }
            }
        }
        #expect(read > 0)
    }

    @Test func `is the same line in any pieces`() {
        let text = Array("one\r\n\n\ntwo\nthree".utf8)
        for size in 1...text.count {
            var lines = ControlLines(limit: 8)
            var found: [String] = []
            for start in stride(from: 0, to: text.count, by: size) {
                lines.append(text[start..<min(start + size, text.count)])
                while let line = lines.next() {
                    found.append(String(decoding: line, as: UTF8.self))
                }
                guard !lines.isTooLong else { break }
            }
            // Pieces of more than the limit are cut off.
            if size <= 8 { #expect(found == ["one", "two"]) }
            if size <= 8 { #expect(lines.rest() == Array("three".utf8)) }
        }
    }
}

extension ControlCounts {
    fileprivate init(connections: Int, refused: Int) {
        self.init()
        (self.connections, self.refused) = (connections, refused)
    }
}

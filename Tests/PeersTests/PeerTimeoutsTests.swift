import NIOCore
import Testing
import Vocabulary

@testable import Peers

@Suite struct `Looking for the next bytes` {
    private var timeout = PeerTimeouts()
    private var now = MonotonicInstant(nanoseconds: 0)

    private mutating func arrive(after microseconds: Int) {
        now = now.advanced(by: .microseconds(microseconds))
        timeout.arrived(at: now)
    }

    private mutating func looks(after microseconds: Int) -> Bool {
        now = now.advanced(by: .microseconds(microseconds))
        return timeout.mayLook(at: now)
    }

    @Test mutating func `is for those who come in quick succession`() {
        arrive(after: 0)
        #expect(!looks(after: 1), "one alone says nothing")
        arrive(after: 100)
        #expect(looks(after: 1))
        arrive(after: 10_000)
        #expect(!looks(after: 1))
    }

    @Test mutating func `ends after a moment, also by a clock that stands still`() {
        arrive(after: 0)
        arrive(after: 10)
        #expect(looks(after: 49))
        #expect(!looks(after: 1))
        arrive(after: 10)
        var count = 0
        while looks(after: 0) { count += 1 }
        #expect(count == 200)
    }

    @Test mutating func `that is in vain happens ever more seldom, until it finds something`() {
        arrive(after: 0)
        var seldom: [Int] = []
        for _ in 0..<9 {
            var passed = 0
            arrive(after: 100)
            while !looks(after: 1) {
                passed += 1
                arrive(after: 100)
            }
            #expect(!looks(after: 50), "nothing came")
            seldom.append(passed)
        }
        #expect(seldom == [0, 0, 1, 2, 4, 8, 16, 32, 64])
        for _ in 0..<65 { arrive(after: 100) }
        #expect(looks(after: 1))
        timeout.found()
        arrive(after: 10)
        #expect(!looks(after: 60), "in vain once")
        arrive(after: 10)
        #expect(looks(after: 1), "and forgiven")
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A socket that is looked at` {
    private let chunk = frameBytes(ChirpIdentity(high: 3, low: 4), data: [7])

    @Test func `holds bytes from when they come to when they are read`() async throws {
        let gateway = try await Listening(PeerSettings(echoes: true))
        let socket = try await RawSocket(gateway.address)
        try await socket.write(helloBytes())
        try await socket.write(chunk)
        _ = try await socket.read(ChirpHello.size + chunk.readableBytes)
        #expect(await gateway.node.hasBytes == [false])
        try await gateway.node.readNoMore()
        try await socket.write(chunk)
        #expect(await gateway.node.hasBytes == [true])
        socket.close()
        await gateway.node.stop()
    }
}

extension PeerNode {
    fileprivate var hasBytes: [Bool] { connections.values.map(\.hasBytes) }

    fileprivate func readNoMore() throws {
        for connection in connections.values {
            try connection.channel.syncOptions?.setOption(.autoRead, value: false)
        }
    }
}

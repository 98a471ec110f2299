import Documents
import NIOCore
import Testing
import Vocabulary

@testable import Peers

/// What is looked at before a question is read, and what it costs.
@Suite(.timeLimit(.minutes(10))) struct `A question of a stranger's` {
    private static let identity = ChirpIdentity(high: 3, low: 4)

    private func refusal(
        of text: [UInt8], _ settings: PeerSettings, by service: ScriptedService
    ) async throws -> String? {
        let gateway = try await Listening(settings, service: service)
        let socket = try await RawSocket(gateway.address)
        try await socket.write(
            helloBytes() + frameBytes(Self.identity, header: [1, 1], data: text))
        let head = try await socket.read(ChirpHello.size + ChirpFrame.size + 2)
        let length = head.getInteger(at: ChirpHello.size + 20, as: UInt32.self)
        let answer = try await socket.read(Int(length ?? 0))
        socket.close()
        await gateway.node.stop()
        return JsonParser.document(answer.bytes, .strict)?["refused"]?.text
    }

    @Test func `who has no rights is refused before it is read`() async throws {
        let service = ScriptedService()
        let why = try await refusal(
            of: Array("{ no JSON".utf8), PeerSettings(plainRights: []), by: service)
        #expect(why?.contains("no rights") == true, "\(why ?? "")")
        #expect(service.asked.withLock { $0.isEmpty })
    }

    @Test(arguments: [4_097, 100_000, (1 << 20) - 2])
    func `that is too long is refused with its limit, and the connection goes on`(
        _ size: Int
    ) async throws {
        let service = ScriptedService()
        let text = [UInt8](repeating: UInt8(ascii: "["), count: size)
        let why = try await refusal(of: text, PeerSettings(), by: service)
        #expect(why == "a request has at most 4096 bytes")
    }

    @Test func `that is as long as it may be is answered`() async throws {
        let service = ScriptedService()
        let status = PeerQuestion.status.text
        let blanks = [UInt8](repeating: UInt8(ascii: " "), count: 4_096 - status.count)
        let gateway = try await Listening(service: service)
        let socket = try await RawSocket(gateway.address)
        // One that is too long before it changes nothing.
        let long = [UInt8](repeating: 0, count: 70_000)
        try await socket.write(
            helloBytes() + frameBytes(Self.identity, header: [1, 1], data: long)
                + frameBytes(.init(high: 5, low: 6), header: [1, 1], data: status + blanks))
        var rest = try await socket.read(ChirpHello.size + ChirpFrame.size + 2)
        let length = rest.getInteger(at: ChirpHello.size + 20, as: UInt32.self)
        rest = try await socket.read(Int(length ?? 0) + ChirpFrame.size + 2 + 2)
        #expect(rest.bytes.suffix(2) == Array("{}".utf8))
        socket.close()
        await gateway.node.stop()
        #expect(service.asked.withLock { $0 } == [.status])
    }

    @Test func `that is too long keeps nothing but its head, in any pieces`() throws {
        let long = frameBytes(
            Self.identity, .wantsAcknowledgement, header: [1, 1],
            data: [UInt8](repeating: 7, count: 9_000))
        let next = frameBytes(.init(high: 5, low: 6), data: [8])
        let bytes = (helloBytes() + long + next).bytes
        for piece in [1, 26, 27, 28, 100, 4_096, 9_029, 20_000] {
            var decoder = ChirpDecoder(sizeLimit: 1 << 20, keepLimit: 4_098)
            var frames: [ChirpFrame] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                decoder.append(ByteBuffer(bytes: rest.prefix(piece)))
                rest = rest.dropFirst(piece)
                _ = decoder.nextHello()
                while decoder.hello != nil, let frame = try decoder.nextFrame() {
                    frames.append(frame)
                }
                #expect(decoder.held.readableBytes < ChirpFrame.size + 2)
            }
            #expect(frames.map(\.isCut) == [true, false])
            #expect(frames.first?.header.bytes == [1, 1] && frames.first?.data.bytes == [])
            #expect(frames.first?.identity == Self.identity)
            #expect(frames.first?.kind == .wantsAcknowledgement)
            #expect(frames.last?.data.bytes == [8])
        }
    }
}

import Documents
import Fuzzing
import NIOCore
import Testing
import Vocabulary

@testable import Peers

/// What is looked at before a question is read, and what it costs.
@Suite(.timeLimit(.minutes(4))) struct `A question of a stranger's` {
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
        #expect(why == "a question has at most 4096 bytes")
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

    // MARK: - Cost

    @Test(.enabled(if: Allocations.areCounted))
    func `takes memory in proportion to its length`() {
        let samples =
            DearJson.texts(of: 4_096).map(\.bytes)
            + [
                PeerQuestion.status.text, PeerQuestion.read("tank-top").text,
                PeerQuestion.set(
                    "pump",
                    PeerOrder(
                        value: .text("on"), takeOverFor: .seconds(60), id: CommandID("1")!,
                        within: .seconds(8))
                ).text,
            ]
        var mangler = Mangler(seed: 20_261_130, limit: 4_096)
        var cost = Cost(floor: 96 << 10)
        for round in 0..<samples.count + Allocations.rounds(3_000) {
            let sample = samples[round % samples.count]
            let text = round < samples.count ? sample : mangler.mangled(sample)
            cost.count("round \(round)", text) { text in
                do throws(PeerRefusal) {
                    _ = try PeerQuestion.read(text)
                } catch {
                    _ = error.text
                }
            }
        }
        cost.report("questions of peers")
        #expect(cost.isInProportion, "\(cost)")
    }

    @Test(.enabled(if: Allocations.areCounted))
    func `takes memory in proportion to its length in whatever pieces it comes`() {
        let sample =
            (helloBytes()
            + frameBytes(Self.identity, header: [1, 1], data: PeerQuestion.status.text)
            + frameBytes(Self.identity, .acknowledgement)
            + frameBytes(.zero, header: [1, 1], data: [UInt8](repeating: 7, count: 2_000))).bytes
        var mangler = Mangler(seed: 7, limit: 16_384)
        var cost = Cost(floor: 16 << 10)
        for round in 0..<Allocations.rounds(3_000) {
            let bytes = round == 0 ? sample : mangler.mangled(sample)
            let piece = Int.random(in: 1...2_048, using: &mangler.chance)
            cost.count("round \(round)", bytes) { Self.decode($0, piece: piece) }
        }
        cost.report("frames of chirp")
        #expect(cost.isInProportion, "\(cost)")
    }

    private static func decode(_ bytes: [UInt8], piece: Int) {
        var decoder = ChirpDecoder(sizeLimit: 1 << 20, keepLimit: 4_098)
        var rest = bytes[...]
        while !rest.isEmpty {
            decoder.append(ByteBuffer(bytes: rest.prefix(piece)))
            rest = rest.dropFirst(piece)
            _ = decoder.nextHello()
            do throws(PeerError) {
                while decoder.hello != nil, try decoder.nextFrame() != nil {}
            } catch {
                return
            }
        }
    }

    @Test func `that is too long keeps nothing but its head, in whatever pieces it comes`() throws {
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

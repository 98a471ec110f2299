import Fuzzing
import NIOCore
import TestMachine
import Testing
import Vocabulary

@testable import Peers

@Suite struct `The chirp wire` {
    /// What libchirp said on the wire in synchronous mode: a request's first bytes and the echo's.
    private let captured = """
        32c0 92d13a15d3d09f6c8d6c431dfc620465
        83b20420608c933739424b024cae4924 1f018431 00000005 0000 01 68656c6c6f
        83b20420608c933739424b024cae4924 1f018432 00000000 0000 02
        00000000000000000000000000000000 1f018433 00000000 0000 04
        """

    private var capturedBytes: [UInt8] {
        let digits = captured.filter { !$0.isWhitespace }.map { $0.hexDigitValue ?? 0 }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    private func decode(_ pieces: [[UInt8]], limit: Int = 1 << 20) throws -> (
        ChirpHello?, [ChirpFrame]
    ) {
        var decoder = ChirpDecoder(sizeLimit: limit)
        var hello: ChirpHello?
        var frames: [ChirpFrame] = []
        for piece in pieces {
            decoder.append(ByteBuffer(bytes: piece))
            hello = decoder.nextHello() ?? hello
            while decoder.hello != nil, let frame = try decoder.nextFrame() { frames.append(frame) }
        }
        return (hello, frames)
    }

    @Test func `is read as libchirp writes it, and written the same`() throws {
        let (hello, frames) = try decode([capturedBytes])
        #expect(hello?.port == 12992)
        #expect(hello?.node.description == "92d13a15d3d09f6c8d6c431dfc620465")
        #expect(frames.map(\.kind) == [.wantsAcknowledgement, .acknowledgement, .probe])
        #expect(frames.map(\.serial) == [0x1f01_8431, 0x1f01_8432, 0x1f01_8433])
        #expect(frames[0].data == ByteBuffer(string: "hello"))
        #expect(frames[2].identity == .zero)
        var again = ByteBuffer()
        hello?.write(to: &again)
        for frame in frames { frame.write(to: &again) }
        #expect(again.bytes == capturedBytes)
    }

    @Test func `may be cut at every byte`() throws {
        let whole = try decode([capturedBytes])
        for cut in 1..<capturedBytes.count {
            let cutOnce = try decode([Array(capturedBytes[..<cut]), Array(capturedBytes[cut...])])
            #expect(cutOnce.0 == whole.0)
            #expect(cutOnce.1 == whole.1)
        }
        let bytewise = try decode(capturedBytes.map { [$0] })
        #expect(bytewise.1 == whole.1)
    }

    @Test func `ignores unknown bits of the type`() throws {
        let frame = frameBytes(ChirpIdentity(high: 1, low: 1), ChirpFrame.Kind(rawValue: 8 | 1))
        let (_, frames) = try decode([helloBytes().bytes + frame.bytes])
        #expect(frames.count == 1)
        #expect(frames.first?.kind.contains(.wantsAcknowledgement) == true)
    }

    @Test(arguments: [UInt8(2), 4, 6])
    func `refuses an acknowledgement or probe with anything in it`(
        type: UInt8
    ) {
        let hello = helloBytes().bytes
        for frame in [
            frameBytes(.zero, ChirpFrame.Kind(rawValue: type), data: [1]),
            frameBytes(.zero, ChirpFrame.Kind(rawValue: type), header: [1]),
            frameBytes(.zero, ChirpFrame.Kind(rawValue: type | 1)),
        ] {
            let error = #expect(throws: PeerError.self) { try decode([hello + frame.bytes]) }
            #expect(error?.kind == .malformed)
        }
    }

    @Test func `checks sizes in 64 bits, before the bytes come`() throws {
        var head = helloBytes()
        // In 32 bits these two would add up to 4.
        head.writeMultipleIntegers(
            UInt64(1), UInt64(1), UInt32(1), UInt32.max - 0xfffa, UInt16.max, UInt8(0))
        let error = #expect(throws: PeerError.self) { try decode([head.bytes]) }
        #expect(error?.kind == .tooLarge)
        let fits = frameBytes(.zero, header: [1, 2], data: [UInt8](repeating: 3, count: 98))
        #expect(try decode([helloBytes().bytes + fits.bytes], limit: 100).1.count == 1)
        #expect(throws: PeerError.self) { try decode([helloBytes().bytes + fits.bytes], limit: 99) }
    }

    @Test(.ownThread) func `survives any bytes, and holds no more than one message and one read`() {
        var chance = SeededGenerator(seed: 7)
        for _ in 0..<Mangler.rounds(3_000) {
            var bytes = capturedBytes
            for _ in 0..<Int.random(in: 1...6, using: &chance) {
                let index = Int.random(in: 0..<bytes.count, using: &chance)
                switch Int.random(in: 0..<3, using: &chance) {
                case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &chance)
                case 1: bytes.remove(at: index)
                default: bytes.insert(contentsOf: bytes[index...].prefix(20), at: index)
                }
            }
            var decoder = ChirpDecoder(sizeLimit: 64)
            var rest = bytes[...]
            do throws(PeerError) {
                while !rest.isEmpty {
                    let piece = rest.prefix(Int.random(in: 1...40, using: &chance))
                    rest = rest.dropFirst(piece.count)
                    decoder.append(ByteBuffer(bytes: piece))
                    _ = decoder.nextHello()
                    while decoder.hello != nil, let frame = try decoder.nextFrame() {
                        #expect(frame.header.readableBytes + frame.data.readableBytes <= 64)
                    }
                    #expect(decoder.held.readableBytes < ChirpFrame.size + 64)
                }
            } catch {
                #expect([.tooLarge, .malformed].contains(error.kind))
            }
        }
    }
}

import Fuzzing
import NIOCore
import TestMachine
import Testing
import Vocabulary

@testable import Peers

/// What it costs to read what comes over the direct link.
@Suite(.ownThread, .enabled(if: Allocations.areCounted)) struct `What a peer sends` {
    private static let identity = ChirpIdentity(high: 3, low: 4)

    @Test func `takes memory in proportion to its length when it is a question`() {
        let samples =
            DearJson.texts(of: 4_096).map(\.bytes)
            + [
                PeerQuestion.status.text, PeerQuestion.read("tank-top").text,
                PeerQuestion.set(
                    "pump",
                    PeerOrder(
                        .override(.flag(true), for: .seconds(60)), id: CommandID("1")!,
                        within: .seconds(8))
                ).text,
            ]
        var mangler = Mangler(seed: 20_261_130, limit: 4_096)
        var cost = Cost(floor: 96 << 10)
        for round in 0..<samples.count + Mangler.rounds(800) {
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

    @Test func `takes memory in proportion to its length, in any pieces`() {
        let sample =
            (helloBytes()
            + frameBytes(Self.identity, header: [1, 1], data: PeerQuestion.status.text)
            + frameBytes(Self.identity, .acknowledgement)
            + frameBytes(.zero, header: [1, 1], data: [UInt8](repeating: 7, count: 2_000))).bytes
        var mangler = Mangler(seed: 7, limit: 16_384)
        var cost = Cost(floor: 16 << 10)
        for round in 0..<Mangler.rounds(800) {
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
}

import DriverKit
import Fakes
import Testing
import Vocabulary

@testable import Drivers

/// Each byte is a telegram.
private struct ByteFramer: TelegramFramer {
    let opening = "a byte"
    mutating func take(_ byte: UInt8) -> Framed<UInt8>? { .telegram(byte) }
}

/// A line on which so many pieces wait already, and nothing more comes.
private final class FullLine: ByteLine, ByteStream {
    let address = ByteLineAddress.serial(port: "/dev/ttyMETER")
    private let state: Guarded<(pieces: [[UInt8]], limits: [Duration])>

    init(_ pieces: [[UInt8]]) { state = Guarded((pieces, [])) }

    var limits: [Duration] { state.withLock(\.limits) }

    func use<Result>(
        _ mode: SerialMode, for purpose: String,
        _ work: (any ByteStream) throws(DriverError) -> Result
    ) throws(DriverError) -> Result { try work(self) }

    func limit(_ duration: Duration) { state.withLock { $0.limits.append(duration) } }
    func discardInput() {}
    func receive() -> [UInt8] {
        state.withLock { $0.pieces.isEmpty ? [] : $0.pieces.removeFirst() }
    }
    func send(_ bytes: [UInt8]) {}
    func change(to mode: SerialMode) {}
    func pause(_ duration: Duration) {}
}

@Suite struct `A meter that sends more often than it is asked` {
    @Test func `is read at its newest telegram, without a wait`() throws {
        let line = FullLine([[1], [2, 3], [4]])
        var listener = TelegramListener(
            line, SerialMode(baud: 9600, format: "8N1")!, within: .seconds(5), framer: ByteFramer())
        var heard: [UInt8] = []
        try listener.listen(at: ManualClock().now) { telegram in
            heard.append(telegram)
            return true
        }
        #expect(heard == [1, 2, 3, 4])
        #expect(line.limits == [.seconds(5), .zero])
    }
}

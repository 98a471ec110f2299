import DriverKit
import Vocabulary

/// Finds telegrams in a stream of bytes. A pure value of bounded size, whatever comes in.
protocol TelegramFramer: Sendable {
    associatedtype Telegram: Sendable
    /// What a telegram begins with, for messages: `"an SML telegram begins 1b 1b 1b 1b 01 01 01 01"`.
    var opening: String { get }
    init()
    /// - Returns: What ends with this byte; nil for most bytes.
    mutating func take(_ byte: UInt8) -> Framed<Telegram>?
    /// Forgets what has begun. What was learnt of the meter stays until its line is opened again.
    mutating func restart()
}

extension TelegramFramer {
    mutating func restart() { self = Self() }
}

/// What a framer has found.
enum Framed<Telegram> {
    case telegram(Telegram)
    /// Something that began as a telegram, and why it is none.
    case flawed(String)
}

/// Waits for what a meter sends by itself.
struct TelegramListener<Framer: TelegramFramer> {
    private let line: any ByteLine
    private let mode: SerialMode
    private let timeout: Duration
    private var framer: Framer
    /// When the last telegram was asked for; nil after a failure.
    private var lastAsked: MonotonicInstant?

    init(_ line: MeterLine, wiring: any Wiring, framer: Framer = Framer()) throws(DriverError) {
        self.init(
            try wiring.byteLine(line.address), line.mode, within: line.timeout, framer: framer)
    }

    init(
        _ line: any ByteLine, _ mode: SerialMode, within timeout: Duration, framer: Framer
    ) {
        (self.line, self.mode, self.timeout) = (line, mode, timeout)
        self.framer = framer
    }

    /// What came in after the last telegram is still fresh for so long.
    private static var freshness: Duration { .seconds(2) }

    /// Blocks until the meter has sent enough, and takes what else has come in by then: of a meter that sends
    /// more often than it is asked, the newest counts.
    ///
    /// - Parameter isEnough: Takes each telegram and says whether the wait is over.
    /// - Throws: `.timeout` when nothing came; `.malformedReply` when no telegram was whole; what
    ///   `isEnough` throws.
    mutating func listen(
        at now: MonotonicInstant,
        _ isEnough: (Framer.Telegram) throws(DriverError) -> Bool
    ) throws(DriverError) {
        let isFresh = lastAsked.map { $0.duration(to: now) <= Self.freshness } ?? false
        if !isFresh { framer.restart() }
        lastAsked = nil
        var received = Received()
        let framer = try line.use(mode, for: "a telegram") {
            (stream) throws(DriverError) -> Framer in
            var framer = self.framer
            if !isFresh { try stream.discardInput() }
            stream.limit(timeout)
            var isOver = false
            while true {
                let bytes = try stream.receive()
                if bytes.isEmpty {
                    if isOver { return framer }
                    throw received.failure(on: line.address, timeout, framer.opening)
                }
                let wasOver = isOver
                for byte in bytes {
                    switch framer.take(byte) {
                    case .telegram(let telegram): if try isEnough(telegram) { isOver = true }
                    case .flawed(let flaw): received.flaw = flaw
                    case nil: break
                    }
                }
                if isOver && !wasOver { stream.limit(.zero) }
                received.add(bytes)
            }
        }
        self.framer = framer
        lastAsked = now
    }
}

/// What came in instead of a telegram.
private struct Received {
    var count = 0
    var first: [UInt8] = []
    var flaw: String?

    mutating func add(_ bytes: [UInt8]) {
        count += bytes.count
        first = Array((first + bytes.prefix(16)).prefix(16))
    }

    func failure(
        on address: ByteLineAddress, _ timeout: Duration, _ opening: String
    ) -> DriverError {
        if count == 0 {
            return DriverError(
                .timeout, "nothing came from \(address) within \(timeout.layoutText)")
        }
        if let flaw { return DriverError(.malformedReply, "\(address): \(flaw)") }
        return DriverError(
            .malformedReply,
            "\(address): \(count) bytes within \(timeout.layoutText) and no telegram, the first "
                + "\(first.hex); \(opening)")
    }
}

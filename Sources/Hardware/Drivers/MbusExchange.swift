import DriverKit
import Vocabulary

/// Which meter of an M-Bus line is meant.
enum MbusTarget: Hashable, Sendable, CustomStringConvertible {
    case primary(UInt8)
    /// Identification, maker, version and medium as they cross the wire, ff for any.
    case secondary([UInt8])

    /// - Throws: `.invalidComponent`, naming the setting at fault.
    init(_ settings: Settings) throws(DriverError) {
        switch (settings["address"], settings["id"]) {
        case (.some, nil): self = .primary(UInt8(clamping: try settings.whole("address")))
        case (nil, .some):
            guard let bytes = [UInt8](hex: try settings.text("id")), [4, 8].contains(bytes.count)
            else { throw settings.bad("id", "8 or 16 hexadecimal digits") }
            // Numbers cross the wire lowest byte first; behind the maker, each byte is by itself.
            let rest: [UInt8] =
                bytes.count == 8
                ? [bytes[5], bytes[4], bytes[6], bytes[7]] : [0xFF, 0xFF, 0xFF, 0xFF]
            self = .secondary(bytes[..<4].reversed() + rest)
        case (nil, nil): throw settings.bad("address", "given, or id in its place")
        case (.some, .some): throw settings.bad("id", "left out beside an address")
        }
    }

    /// Where a request goes once the meter is selected.
    var address: UInt8 {
        switch self {
        case .primary(let address): address
        case .secondary: 0xFD
        }
    }

    var description: String {
        switch self {
        case .primary(let address): "\(address)"
        case .secondary(let bytes): bytes[..<4].reversed().map(\.hex).joined()
        }
    }

    /// Whether an answer's header is that of the meter.
    func matches(_ header: some Collection<UInt8>) -> Bool {
        guard case .secondary(let wanted) = self else { return true }
        return zip(wanted, header).enumerated().allSatisfy { index, pair in
            // Each half of the number has a joker of its own.
            index < 4
                ? [0xF0, 0x0F].allSatisfy { half in
                    pair.0 & half == half || pair.0 & half == pair.1 & half
                } : pair.0 == 0xFF || pair.0 == pair.1
        }
    }
}

/// The dialogue that reads all telegrams of one meter.
///
/// - Source: EN 13757-2, 5.7; EN 13757-7, 7 ("selection and secondary addressing").
struct MbusExchange {
    let stream: any ByteStream
    let timeout: Duration
    let target: MbusTarget

    private static let tries = 3
    /// No meter sends so many telegrams.
    private static let mostTelegrams = 16

    private static let reset: UInt8 = 0x40
    private static let select: UInt8 = 0x53
    /// A request for data; bit 5 alternates from telegram to telegram.
    private static let request: UInt8 = 0x5B
    private static let alternation: UInt8 = 0x20

    /// - Throws: `.timeout` for silence; `.malformedReply` for what is no answer of the meter;
    ///   `.unsupported` for another form of data.
    func records() throws(DriverError) -> [MbusRecord] {
        try begin()
        var records: [MbusRecord] = []
        var control = Self.request | Self.alternation
        for _ in 0..<Self.mostTelegrams {
            let answer = try answer(to: MbusFrame.short(control, to: target.address))
            records += answer.records
            guard answer.hasMore else { return records }
            control ^= Self.alternation
        }
        throw DriverError(
            .malformedReply, "meter \(target) sends more than \(Self.mostTelegrams) telegrams")
    }

    private func begin() throws(DriverError) {
        let reset = MbusFrame.short(Self.reset, to: target.address)
        switch target {
        case .primary: _ = try ask(reset, isOptional: true)
        case .secondary(let address):
            // Whichever meter was selected before is not from now on.
            _ = try ask(reset, tries: 1, isOptional: true)
            _ = try ask(MbusFrame.long(Self.select, to: 0xFD, 0x52, address))
        }
    }

    private func answer(to request: [UInt8]) throws(DriverError) -> MbusAnswer {
        guard case .long(_, let address, let information, let data) = try ask(request) else {
            throw DriverError(.malformedReply, "meter \(target) acknowledges and sends no data")
        }
        if case .primary(let wanted) = target, address != wanted {
            throw DriverError(
                .malformedReply, "meter \(address) answers in place of meter \(wanted)")
        }
        switch information {
        case 0x72: break
        case 0x70: throw DriverError(.busy, "meter \(target) reports error \(data.prefix(1).hex)")
        default:
            throw DriverError(
                .unsupported,
                "meter \(target) sends data of form \([information].hex), must be 72")
        }
        guard let answer = MbusAnswer(data), answer.flaw == nil else {
            let flaw = MbusAnswer(data)?.flaw ?? "its header is not whole"
            throw DriverError(.malformedReply, "meter \(target): \(flaw)")
        }
        guard target.matches(data.prefix(8)) else {
            throw DriverError(
                .malformedReply,
                "meter \(data.prefix(4).reversed().hex) answers in place of meter \(target)")
        }
        return answer
    }

    /// Sends a request up to three times, until its reply is whole.
    ///
    /// - Parameter isOptional: Whether a meter may leave it without a reply.
    private func ask(
        _ request: [UInt8], tries: Int = MbusExchange.tries, isOptional: Bool = false
    ) throws(DriverError) -> MbusFrame? {
        let wantsData = request.first == 0x10 && request[1] & 0x0F == 0x0B
        var flaw: String?
        for _ in 0..<tries {
            try stream.discardInput()
            try stream.send(request)
            stream.limit(timeout)
            var framer = MbusFramer()
            waiting: while true {
                let bytes = try stream.receive()
                if bytes.isEmpty { break }
                for byte in bytes {
                    switch framer.take(byte) {
                    case .telegram(.acknowledgement):
                        if !wantsData { return .acknowledgement }
                    case .telegram(let frame):
                        // What has another control is the request, sent back by the converter.
                        if case .long(let control, _, _, _) = frame, control & 0x0F == 8 {
                            return frame
                        }
                    case .flawed(let found):
                        flaw = found
                        break waiting
                    case nil: break
                    }
                }
            }
        }
        if let flaw, !isOptional { throw DriverError(.malformedReply, "meter \(target): \(flaw)") }
        if isOptional { return nil }
        throw DriverError(
            .timeout,
            "no answer from meter \(target) within \(timeout.layoutText) to \(request.hex)")
    }
}

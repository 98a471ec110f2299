import Vocabulary

/// What a meter has sent over an IEC 62056-21 interface.
struct D0Message: Hashable, Sendable {
    /// Behind the slash: three letters of the maker, a digit for the speed, and the model.
    let identification: String
    private(set) var values = ObisValues()

    /// Reads `1.8.0(12345.678*kWh)`, also several on one line. Codes with letters, values of earlier
    /// billing periods and what is malformed are skipped.
    init(identification: String, data: some Sequence<UInt8>) {
        self.identification = identification
        var code: [UInt8] = []
        var value: [UInt8]?
        for byte in data {
            switch byte {
            case UInt8(ascii: "("):
                // What is between two of them is lost: the value behind may be of another code.
                if value != nil { code = [] }
                value = []
            case UInt8(ascii: ")"):
                guard let text = value else { continue }
                add(String(decoding: code, as: UTF8.self), String(decoding: text, as: UTF8.self))
                (code, value) = ([], nil)
            case UInt8(ascii: "\r"), UInt8(ascii: "\n"), UInt8(ascii: "!"):
                (code, value) = ([], nil)
            default: if value == nil { code.append(byte) } else { value?.append(byte) }
            }
        }
    }

    /// A list of several values in one pair of brackets is left out.
    private mutating func add(_ code: String, _ text: String) {
        guard let obis = ObisCode(code), obis.period == 255 else { return }
        let value = ObisValues.Value(telegram: text)
        values.add(value, as: obis.ofElectricity)
        values.add(value, as: obis)
    }
}

extension ObisCode {
    /// The same in medium 1 and channel 0: meters write short codes and full ones for one value.
    /// Whoever names another channel means that one alone.
    var ofElectricity: ObisCode { ObisCode(1, 0, quantity) }
}

/// Finds the identification and the data message of a readout, or of what a meter sends by itself.
///
/// - Source: IEC 62056-21, 6.3.2 and 6.3.3; the check character after ISO/IEC 1155.
struct D0Framer: TelegramFramer {
    var opening: String { "a readout begins with /, three letters and a digit" }

    /// What a readout may have; with load profiles meters send up to about 4096.
    static let longest = 16_384
    private static let longestLine = 80
    private static let startOfText: UInt8 = 0x02
    private static let endOfText: UInt8 = 0x03

    /// Whether a readout without a check character is damaged: one whose beginning was lost, or one of a
    /// meter that has sent the character before.
    private var needsCheck: Bool

    init() { self.init(needsCheck: false) }

    init(needsCheck: Bool) { self.needsCheck = needsCheck }

    mutating func restart() { self = D0Framer(needsCheck: needsCheck) }

    /// The identification once it is whole.
    private(set) var identification: String?
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var isInBlock = false
    private var awaitsCheck = false
    private var check: UInt8 = 0

    mutating func take(_ byte: UInt8) -> Framed<D0Message>? {
        // Where the line has eight bits, the parity of seven comes with them.
        let byte = byte & 0x7F
        guard identification != nil else {
            identify(byte)
            return nil
        }
        if awaitsCheck {
            guard byte == check else {
                return end(
                    .flawed(
                        "a readout of \(data.count) bytes has the check character "
                            + "\([byte].hex), must be \([check].hex)"))
            }
            needsCheck = true
            return end(message)
        }
        if byte == Self.startOfText, !isInBlock {
            (isInBlock, check, data, line) = (true, 0, [], [])
            return nil
        }
        if isInBlock { check ^= byte }
        if isInBlock, byte == Self.endOfText {
            awaitsCheck = true
            return nil
        }
        data.append(byte)
        guard data.count <= Self.longest else {
            return end(.flawed("a readout has more than \(Self.longest) bytes"))
        }
        // What is sent without a request may come without a check character.
        guard !isInBlock else { return nil }
        let first = line.first
        if byte == UInt8(ascii: "\n") { line = [] } else if line.isEmpty { line = [byte] }
        if byte == UInt8(ascii: "/"), first == nil {
            let count = data.count - 1
            restart()
            identify(byte)
            return .flawed("a readout broke off after \(count) bytes")
        }
        guard byte == UInt8(ascii: "\n"), first == UInt8(ascii: "!") else { return nil }
        return end(
            needsCheck
                ? .flawed("a readout of \(data.count) bytes has no check character") : message)
    }

    private mutating func identify(_ byte: UInt8) {
        if byte == UInt8(ascii: "/") {
            line = [byte]
        } else if !line.isEmpty {
            line.append(byte)
        }
        if line.count > Self.longestLine { line = [] }
        guard byte == UInt8(ascii: "\n"), !line.isEmpty else { return }
        defer { line = [] }
        // An optical head may send the request back.
        guard line.count >= 6, line[1] != UInt8(ascii: "?") else { return }
        identification = String(decoding: line.dropFirst(), as: UTF8.self).filter {
            !$0.isNewline
        }
    }

    private var message: Framed<D0Message> {
        .telegram(D0Message(identification: identification ?? "", data: data))
    }

    private mutating func end(_ found: Framed<D0Message>) -> Framed<D0Message> {
        restart()
        return found
    }
}

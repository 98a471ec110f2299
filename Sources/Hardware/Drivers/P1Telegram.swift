import DriverKit
import Vocabulary

/// What one P1 telegram says.
struct P1Telegram: Hashable, Sendable {
    /// A meter that sends its values through the electricity meter.
    struct SubMeter: Hashable, Sendable {
        /// What it measures, as M-Bus numbers media; nil while the telegram has not said.
        var medium: Int64?
        var value: ObisValues.Value?
        /// When it took the value, in seconds since 1970.
        var date: Int64?
    }

    private(set) var values = ObisValues()
    /// The meter's own time, in seconds since 1970; nil before DSMR 4.
    private(set) var time: Int64?
    /// By channel.
    private(set) var subMeters: [UInt8: SubMeter] = [:]

    /// Reads the lines up to the exclamation mark. What is not understood is skipped.
    init(_ bytes: some Collection<UInt8>) {
        var lines: [String] = []
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            // Before DSMR 4 the value of a gas meter stands on a line of its own.
            if line.hasPrefix("("), let last = lines.popLast() {
                lines.append(last + line)
            } else {
                lines.append(String(line))
            }
        }
        for line in lines { add(line) }
    }

    private mutating func add(_ line: String) {
        let parts = line.split(separator: "(", omittingEmptySubsequences: false)
        guard let code = parts.first.flatMap({ ObisCode($0) }), parts.count > 1 else { return }
        // Every group must be closed, or the line is not whole.
        let groups = parts.dropFirst().map { $0.hasSuffix(")") ? $0.dropLast() : nil }
        guard !groups.contains(nil) else { return }
        let texts = groups.compactMap { $0.map(String.init) }
        switch (code.medium, code.channel, code.quantity) {
        case (0, 0, [1, 0, 0]): time = P1Time.seconds(texts[0])
        case (0, 1..., [24, 1, 0]):
            subMeters[code.channel, default: SubMeter()].medium = Int64(texts[0])
        // Belgian gas meters send what is not corrected for temperature.
        case (0, 1..., [24, 2, 1]), (0, 1..., [24, 2, 3]):
            guard texts.count >= 2 else { return }
            note(ObisValues.Value(telegram: texts[1]), taken: texts[0], code.channel)
        case (0, 1..., [24, 3, 0]):
            guard texts.count >= 7 else { return }
            note(
                ObisValues.Value(telegram: "\(texts[6])*\(texts[5])"), taken: texts[0],
                code.channel)
        // Logs of many values.
        case (_, _, let quantity) where [98, 99].contains(quantity[0]): return
        default:
            // Only a date may stand before a value: of two values, one is of a line that was lost.
            guard texts.count == 1 || texts.count == 2 && P1Time.seconds(texts[0]) != nil else {
                return
            }
            values.add(ObisValues.Value(telegram: texts[texts.count - 1]), as: code)
        }
    }

    private mutating func note(_ value: ObisValues.Value, taken date: String, _ channel: UInt8) {
        subMeters[channel, default: SubMeter()].value = value
        subMeters[channel, default: SubMeter()].date = P1Time.seconds(date)
    }
}

extension ObisValues.Value {
    /// Reads `000123.456*kWh`, `0002` and whatever else stands between brackets.
    init(telegram text: String) {
        let parts = text.split(separator: "*", maxSplits: 1, omittingEmptySubsequences: false)
        let number = parts.first.map(String.init) ?? ""
        self.init(
            number: DecimalNumber(telegram: number),
            unit: MeterUnit(parts.count > 1 ? String(parts[1]) : ""),
            text: number.printable(limit: 40))
    }
}

extension DecimalNumber {
    /// Reads a number as meters write it, with leading zeros: `000123.456`, `-000.450`.
    /// - Returns: Nil for any other form, or more than 18 digits.
    init?(telegram text: String) {
        let sign = text.hasPrefix("-") ? "-" : ""
        let number = text.dropFirst(sign.count)
        let digits = number.utf8.count { (0x30...0x39).contains($0) }
        guard (1...18).contains(digits), number.first != ".",
            number.utf8.count == digits + number.utf8.count(where: { $0 == UInt8(ascii: ".") })
        else { return nil }
        // The same in JSON's form, which has no leading zeros.
        let rest = number.drop { $0 == "0" }
        self.init(sign + (rest.isEmpty || rest.first == "." ? "0" : "") + rest)
    }
}

/// The dates in P1 telegrams: `260115103000W`.
enum P1Time {
    /// - Returns: Seconds since 1970, or nil for what is no date. Without a letter it is winter time.
    static func seconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 12 || bytes.count == 13 else { return nil }
        var pairs: [Int64] = []
        for index in stride(from: 0, to: 12, by: 2) {
            let digits = bytes[index..<index + 2].map { Int64($0) - 48 }
            guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
            pairs.append(digits[0] * 10 + digits[1])
        }
        let letter = bytes.count == 13 ? bytes[12] : UInt8(ascii: "W")
        guard let hours = [UInt8(ascii: "W"): 1, UInt8(ascii: "S"): 2][letter],
            (1...12).contains(pairs[1]), (1...31).contains(pairs[2]), pairs[3] < 24, pairs[4] < 60,
            pairs[5] < 60
        else { return nil }
        let clock = pairs[3] * 3600 + pairs[4] * 60 + pairs[5]
        return days(2000 + pairs[0], pairs[1], pairs[2]) * 86_400 + clock - Int64(hours) * 3600
    }

    /// Days since 1970 in the Gregorian calendar, with the year beginning in March.
    static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }
}

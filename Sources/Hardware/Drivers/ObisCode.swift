/// What a meter calls one of its values: `1-0:1.8.0`.
///
/// - Source: IEC 62056-6-1: medium A, channel B, quantity C, kind D, tariff E, billing period F.
struct ObisCode: Hashable, Sendable, CustomStringConvertible {
    /// The kind D of what is counted by tariffs.
    static let energy: UInt8 = 8

    let medium: UInt8
    let channel: UInt8
    /// C, D and E.
    let quantity: [UInt8]
    /// 255 for the current value.
    let period: UInt8

    init(_ medium: UInt8, _ channel: UInt8, _ quantity: [UInt8], period: UInt8 = 255) {
        (self.medium, self.channel, self.quantity) = (medium, channel, quantity)
        self.period = period
    }

    /// Reads `1-0:1.8.0`, `1-0:1.8.0*255` and the short forms `1.8.0` and `16.7`, which mean electricity.
    ///
    /// - Returns: Nil for what has another form, such as `C.1`.
    init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        var numbers: [UInt8] = []
        var separators: [UInt8] = []
        var digits = 0
        var number = 0
        for byte in bytes + [0] {
            if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), digits < 3 {
                (number, digits) = (number * 10 + Int(byte - UInt8(ascii: "0")), digits + 1)
            } else {
                guard digits > 0, let small = UInt8(exactly: number), numbers.count < 6 else {
                    return nil
                }
                numbers.append(small)
                separators.append(byte)
                (number, digits) = (0, 0)
            }
        }
        separators.removeLast()
        var form = String(decoding: separators, as: UTF8.self)[...]
        var rest = numbers[...]
        var found: (UInt8, UInt8) = (1, 0)
        if form.hasPrefix("-:"), rest.count >= 2 {
            found = (rest[0], rest[1])
            (form, rest) = (form.dropFirst(2), rest.dropFirst(2))
        }
        var period: UInt8 = 255
        if form.hasSuffix("*"), let last = rest.last {
            period = last
            (form, rest) = (form.dropLast(), rest.dropLast())
        }
        guard form == "." || form == ".." else { return nil }
        self.init(
            found.0, found.1, Array(rest) + (form == "." ? [0] : []), period: period)
    }

    var description: String {
        "\(medium)-\(channel):" + quantity.map { "\($0)" }.joined(separator: ".")
    }
}

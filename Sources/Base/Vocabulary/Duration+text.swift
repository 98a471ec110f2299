extension Duration {
    /// Reads a duration as layouts write it: a number and `ms`, `s`, `min`, `h` or `d`.
    ///
    /// - Returns: Nil for any other form, a negative one, or more than about 292 years.
    public init?(layoutText text: String) {
        let units: [(suffix: String, milliseconds: Int64)] = [
            ("ms", 1), ("min", 60_000), ("s", 1_000), ("h", 3_600_000), ("d", 86_400_000),
        ]
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        var digits = text.dropLast(unit.suffix.count)
        while digits.last == " " { digits = digits.dropLast() }
        guard let number = DecimalNumber(digits), number.mantissa >= 0,
            let scaled = number.multiplied(by: DecimalNumber(mantissa: unit.milliseconds)),
            let microseconds = scaled.nearestSteps(exponent: -3), microseconds <= .max / 1_000
        else { return nil }
        self = .microseconds(microseconds)
    }

    /// The form that `init(layoutText:)` reads, in the largest unit that is whole: `"5min"`; exact
    /// to the microsecond.
    public var layoutText: String {
        let (milliseconds, rest) = wholeNanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
        guard rest / 1_000 == 0 else {
            return "\(DecimalNumber(mantissa: wholeNanoseconds / 1_000, exponent: -3))ms"
        }
        let units: [(suffix: String, milliseconds: Int64)] = [
            ("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000),
        ]
        for unit in units
        where milliseconds >= unit.milliseconds && milliseconds % unit.milliseconds == 0 {
            return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
        }
        return "\(milliseconds)ms"
    }
}

extension DecimalNumber {
    /// A time in seconds, to the nanosecond.
    public init(seconds time: Duration) {
        self.init(mantissa: time.wholeNanoseconds, exponent: -9)
    }
}

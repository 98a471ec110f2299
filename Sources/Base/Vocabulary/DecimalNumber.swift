/// An exact decimal number: `mantissa × 10^exponent`.
///
/// Scales, deltas and limits are written in layouts as decimals; binary floating point would turn
/// 0.1 into something else.
public struct DecimalNumber: Hashable, Sendable {
    public let mantissa: Int64
    public let exponent: Int

    public init(mantissa: Int64, exponent: Int = 0) {
        self.mantissa = mantissa
        self.exponent = exponent
    }

    /// Reads JSON's number form: `-12`, `0.25`, `1e3`.
    ///
    /// - Returns: Nil for any other form, or a number with more digits than 64 bits hold.
    public init?(_ text: some StringProtocol) {
        var mantissa: Int64 = 0
        var exponent = 0
        var isNegative = false
        var seenDigit = false
        var seenPoint = false
        var endsInPoint = false
        var rest = text.utf8[...]
        if rest.first == UInt8(ascii: "-") {
            isNegative = true
            rest = rest.dropFirst()
        }
        // A leading zero stands alone: 007 is no number to JSON, and octal to some people.
        if rest.first == UInt8(ascii: "0"), let second = rest.dropFirst().first,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(second)
        {
            return nil
        }
        while let byte = rest.first {
            if byte == UInt8(ascii: "."), !seenPoint, seenDigit {
                seenPoint = true
                endsInPoint = true
            } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                let (shifted, overflow) = mantissa.multipliedReportingOverflow(by: 10)
                // Counted downwards, because the smallest Int64 has no positive twin.
                let (next, carry) = shifted.subtractingReportingOverflow(
                    Int64(byte - UInt8(ascii: "0")))
                guard !overflow, !carry else { return nil }
                mantissa = next
                seenDigit = true
                endsInPoint = false
                if seenPoint { exponent -= 1 }
            } else {
                break
            }
            rest = rest.dropFirst()
        }
        guard seenDigit, !endsInPoint else { return nil }
        if let byte = rest.first {
            guard byte | 0x20 == UInt8(ascii: "e"),
                let power = Int(String(decoding: rest.dropFirst(), as: UTF8.self)),
                (-30...30).contains(power)
            else { return nil }
            exponent += power
        }
        if !isNegative {
            guard mantissa != .min else { return nil }
            mantissa = -mantissa
        }
        self.init(mantissa: mantissa, exponent: exponent)
    }

    /// This number in whole steps of `10^stepExponent`, or nil when it is not whole or too large.
    public func wholeSteps(exponent stepExponent: Int) -> Int64? {
        let (steps, isExact) = scaled(to: stepExponent) ?? (0, false)
        return isExact ? steps : nil
    }

    /// This number in steps of `10^stepExponent`, the nearest (half away from zero), or nil when it is
    /// too large.
    public func nearestSteps(exponent stepExponent: Int) -> Int64? {
        scaled(to: stepExponent)?.steps
    }

    private func scaled(to stepExponent: Int) -> (steps: Int64, isExact: Bool)? {
        var value = mantissa
        var shift = exponent - stepExponent
        guard value != 0 else { return (0, true) }
        while shift > 0 {
            let (next, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = next
            shift -= 1
        }
        guard shift < 0 else { return (value, true) }
        // 10^19 does not fit, but half of it does.
        if shift == -19 {
            return (value.magnitude >= 5_000_000_000_000_000_000 ? value.signum() : 0, false)
        }
        guard shift > -19 else { return (0, false) }
        var divisor: Int64 = 1
        for _ in shift..<0 { divisor *= 10 }
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        let roundsAway = remainder.magnitude >= divisor.magnitude - remainder.magnitude
        return (roundsAway ? quotient + remainder.signum() : quotient, remainder == 0)
    }

    /// This number divided by nothing and rounded to a `Double`, for physics that needs it.
    public var approximate: Double { Double(description) ?? 0 }
}

extension DecimalNumber: CustomStringConvertible {
    /// The plain decimal, without an exponent: `21.50` for 2150 × 10^−2.
    public var description: String {
        if exponent >= 0 { return mantissa == 0 ? "0" : "\(mantissa)" + zeros(exponent) }
        var digits = String(mantissa.magnitude)
        let places = -exponent
        if digits.utf8.count <= places { digits = zeros(places + 1 - digits.utf8.count) + digits }
        let point = digits.index(digits.endIndex, offsetBy: -places)
        return (mantissa < 0 ? "-" : "") + digits[..<point] + "." + digits[point...]
    }

    private func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }
}

extension DecimalNumber {
    /// `self + other`, or nil when the mantissa overflows.
    public func adding(_ other: DecimalNumber) -> DecimalNumber? {
        let exponent = min(exponent, other.exponent)
        guard let left = wholeSteps(exponent: exponent),
            let right = other.wholeSteps(exponent: exponent)
        else { return nil }
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? nil : DecimalNumber(mantissa: sum, exponent: exponent)
    }

    /// `self × factor`, or nil when the mantissa overflows.
    public func multiplied(by factor: DecimalNumber) -> DecimalNumber? {
        let (mantissa, overflow) = mantissa.multipliedReportingOverflow(by: factor.mantissa)
        guard !overflow else { return nil }
        return DecimalNumber(mantissa: mantissa, exponent: exponent + factor.exponent)
    }

    /// `self × factor`, exact where 64 bits hold it, and to 18 digits where they do not; nil when the
    /// exponent is beyond what any measurement has.
    public func nearestProduct(with factor: DecimalNumber) -> DecimalNumber? {
        var product = Int128(mantissa) * Int128(factor.mantissa)
        var exponent = exponent + factor.exponent
        guard (-60...60).contains(exponent) else { return nil }
        while Int64(exactly: product) == nil {
            let (quotient, remainder) = product.quotientAndRemainder(dividingBy: 10)
            product = quotient + (abs(remainder) >= 5 ? remainder.signum() : 0)
            exponent += 1
        }
        return Int64(exactly: product).map { DecimalNumber(mantissa: $0, exponent: exponent) }
    }
}

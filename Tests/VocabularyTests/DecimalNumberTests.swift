import Testing
import Vocabulary

@Suite struct DecimalNumberTests {
    @Test(arguments: [
        ("0", 0, 0), ("-0", 0, 0), ("-12", -12, 0), ("0.25", 25, -2), ("1e3", 1, 3),
        ("1E+3", 1, 3), ("25e-2", 25, -2), ("1.50", 150, -2), ("0.062500000", 62_500_000, -9),
        ("9223372036854775807", Int64.max, 0), ("-9223372036854775808", Int64.min, 0),
        ("-922337203685477580.8", Int64.min, -1), ("1e-30", 1, -30),
    ])
    func `a number in JSON's form is read exactly`(_ text: String, mantissa: Int64, exponent: Int) {
        #expect(DecimalNumber(text) == DecimalNumber(mantissa: mantissa, exponent: exponent))
    }

    @Test(arguments: [
        "", "-", "+1", ".5", "1.", "1.e3", "007", "-01", "00", "00.5", "1e", "1e+", "1e31", "1e-31",
        "1.2.3", "1 ", " 1", "0x10", "1_000", "NaN", "inf", "1e3.5", "--1", "1-", "٣",
        "9223372036854775808", "-9223372036854775809", "92233720368547758070",
        "1e99999999999999999999",
    ])
    func `any other form and what does not fit is refused`(_ text: String) {
        #expect(DecimalNumber(text) == nil)
    }

    @Test(arguments: [
        ("1.25", -2, 125), ("1.25", -3, 1_250), ("1.250", -2, 125), ("1200", 2, 12), ("0", 18, 0),
        ("0e-30", 0, 0), ("-9223372036854775808", 0, Int64.min),
    ])
    func `whole steps are exact`(_ text: String, exponent: Int, steps: Int64) throws {
        #expect(try #require(DecimalNumber(text)).wholeSteps(exponent: exponent) == steps)
    }

    @Test(arguments: [("1.25", -1), ("1", 1), ("9223372036854775807", -1), ("1", 19), ("1e-30", 0)])
    func `what is no whole number of steps has none`(_ text: String, exponent: Int) throws {
        #expect(try #require(DecimalNumber(text)).wholeSteps(exponent: exponent) == nil)
    }

    @Test(arguments: [
        ("0.5", 0, 1), ("-0.5", 0, -1), ("0.49", 0, 0), ("-0.49", 0, 0), ("1.5", 0, 2),
        ("2.5", 0, 3), ("-2.5", 0, -3), ("21.4996", -3, 21_500), ("9223372036854775807", 18, 9),
        ("9223372036854775807", 19, 1), ("-9223372036854775808", 19, -1),
        ("4999999999999999999", 19, 0), ("5000000000000000000", 19, 1),
        ("9223372036854775807", 20, 0), ("1e-30", 30, 0),
    ])
    func `nearest steps round half away from zero`(
        _ text: String, exponent: Int, steps: Int64
    ) throws {
        #expect(try #require(DecimalNumber(text)).nearestSteps(exponent: exponent) == steps)
    }

    @Test func `nearest steps that do not fit are none`() {
        #expect(DecimalNumber(mantissa: .max).nearestSteps(exponent: -1) == nil)
        #expect(DecimalNumber(mantissa: .min).nearestSteps(exponent: -1) == nil)
        #expect(DecimalNumber(mantissa: 1, exponent: 19).nearestSteps(exponent: 0) == nil)
    }

    @Test(arguments: [
        (2_150, -2, "21.50"), (-5, -3, "-0.005"), (0, -2, "0.00"), (0, 3, "0"), (12, 3, "12000"),
        (Int64.min, 0, "-9223372036854775808"), (Int64.min, -19, "-0.9223372036854775808"),
        (Int64.max, -18, "9.223372036854775807"), (-1, 1, "-10"),
    ])
    func `it is written as a plain decimal`(_ mantissa: Int64, exponent: Int, text: String) {
        let number = DecimalNumber(mantissa: mantissa, exponent: exponent)
        #expect(number.description == text)
    }

    @Test func `what is written is read back as the same number`() {
        var chance = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            let digits = Int64(bitPattern: chance.next())
            let number = DecimalNumber(
                mantissa: digits >> Int64.random(in: 0...63, using: &chance),
                exponent: Int.random(in: -19...0, using: &chance))
            #expect(DecimalNumber(number.description) == number)
        }
    }

    @Test func `sums and products are exact or none`() {
        let tenth = DecimalNumber(mantissa: 1, exponent: -1)
        #expect(tenth.adding(DecimalNumber(mantissa: 2, exponent: -1))?.description == "0.3")
        #expect(DecimalNumber(mantissa: 12).adding(tenth)?.description == "12.1")
        #expect(DecimalNumber(mantissa: -12).adding(tenth)?.description == "-11.9")
        #expect(DecimalNumber(mantissa: .max).adding(DecimalNumber(mantissa: 1)) == nil)
        #expect(DecimalNumber(mantissa: .max).adding(tenth) == nil)
        #expect(
            DecimalNumber(mantissa: 1_600).multiplied(
                by: DecimalNumber(mantissa: 625, exponent: -4))?.wholeSteps(exponent: 0) == 100)
        #expect(DecimalNumber(mantissa: .max).multiplied(by: DecimalNumber(mantissa: 2)) == nil)
        #expect(DecimalNumber(mantissa: 215, exponent: -1).approximate == 21.5)
    }

    @Test func `a product beyond 64 bits is kept to 18 digits`() {
        let raw = DecimalNumber(mantissa: 48_682_885_714, exponent: -6)
        let scale = DecimalNumber(mantissa: 2_670_288_085, exponent: -9)
        #expect(raw.multiplied(by: scale) == nil)
        // 48682.885714 × 2.670288085 = 129997.329665…
        #expect(raw.nearestProduct(with: scale)?.nearestSteps(exponent: -6) == 129_997_329_666)
        let exact = DecimalNumber(mantissa: 1_600).nearestProduct(
            with: DecimalNumber(mantissa: 625, exponent: -4))
        #expect(exact == DecimalNumber(mantissa: 1_000_000, exponent: -4))
        let most = DecimalNumber(mantissa: .min).nearestProduct(with: DecimalNumber(mantissa: .min))
        #expect(most?.mantissa.magnitude ?? 0 > 100_000_000_000_000_000)
        #expect(
            DecimalNumber(mantissa: 1, exponent: 40).nearestProduct(
                with: DecimalNumber(mantissa: 1, exponent: 40)) == nil)
    }
}

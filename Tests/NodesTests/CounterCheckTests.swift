import Testing
import Vocabulary

@testable import Nodes

/// A counter whose register has 16 bits, each count of which is 10 Wh.
@Suite struct `The register of a counter` {
    private static let register = CounterRegister(
        span: DecimalNumber(mantissa: 655_360), highest: DecimalNumber(mantissa: 655_350),
        step: DecimalNumber(mantissa: 10))

    private static func channel(
        exponent: Int = 0, register: CounterRegister? = register, largestStep: Int64? = nil
    ) -> DataChannel {
        DataChannel(
            name: "energy", node: "meter", source: "energy", unit: .wattHour, exponent: exponent,
            pollPeriod: .seconds(1), capture: CaptureRule(period: .seconds(60), delta: nil),
            plausibility: Plausibility(
                largestStep: largestStep, isCounter: true, register: register))
    }

    private static func at(_ seconds: Int) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: Int64(seconds) * 1_000_000_000)
    }

    private var check = CounterCheck(channel: channel())

    /// What comes of each value, polled once a second.
    private mutating func verdicts(_ values: [Int64], from second: Int = 0) -> [Verdict] {
        values.enumerated().map { index, value in
            Verdict(check.judge(value, at: Self.at(second + index)))
        }
    }

    private enum Verdict: Equatable {
        case counts(Int64)
        case waits, doubtful
        case wrapped(Int64)
        case reset(Int64)

        init(_ verdict: CounterCheck.Verdict) {
            self =
                switch verdict {
                case .counts(let total): .counts(total)
                case .waits: .waits
                case .doubtful: .doubtful
                case .wrapped(let total, _): .wrapped(total)
                case .reset(let total, _): .reset(total)
                }
        }
    }

    @Test mutating func `that begins again goes on counting, once three polls agree`() {
        #expect(
            verdicts([655_000, 655_300, 10, 30, 60, 80]) == [
                .counts(655_000), .counts(655_300), .waits, .waits, .wrapped(655_420),
                .counts(655_440),
            ])
        #expect(check.turns == 1)
    }

    @Test mutating func `goes on counting at every turn`() {
        var now = 0
        var total: Int64 = 0
        var raw: Int64 = 600_000
        for _ in 0..<300 {
            now += 1
            raw += 20_000
            switch check.judge(raw % 655_360, at: Self.at(now)) {
            case .counts(let now), .wrapped(let now, _): total = now
            case .waits, .doubtful, .reset: break
            }
        }
        #expect(total == raw)
        #expect(check.turns == raw / 655_360)
    }

    @Test mutating func `counts exactly in steps that its width is no whole number of`() {
        check = CounterCheck(channel: Self.channel(exponent: 3))
        // 655.36 kWh a turn.
        check.restore(shown: 655, turns: 99)
        #expect(verdicts([0, 1, 1]) == [.waits, .waits, .wrapped(65_537)])
    }

    @Test mutating func `that is signed goes on where it turns negative`() {
        check = CounterCheck(
            channel: Self.channel(
                register: CounterRegister(
                    span: DecimalNumber(mantissa: 65_536), highest: DecimalNumber(mantissa: 32_767),
                    step: DecimalNumber(mantissa: 1))))
        #expect(
            verdicts([32_760, -32_766, -32_760, -32_750]) == [
                .counts(32_760), .waits, .waits, .wrapped(32_786),
            ])
    }

    @Test mutating func `is not taken for turned by a 0 of a meter that starts`() {
        let values: [Int64] = [655_000] + Array(repeating: 0, count: 60) + [655_010]
        let verdicts = verdicts(values)
        #expect(verdicts.dropFirst().dropLast().allSatisfy { $0 == .waits })
        #expect(verdicts.last == .counts(655_010))
        #expect(check.turns == 0)
    }

    @Test mutating func `that stands at 0 after its turn is believed in the end`() {
        let verdicts = verdicts([655_300] + Array(repeating: 0, count: 602))
        #expect(verdicts.contains(.wrapped(655_360)))
        #expect(verdicts.last == .counts(655_360))
    }

    @Test mutating func `shows no value when all its bits are set, for a night or for a moment`() {
        let night = verdicts([500, 510] + Array(repeating: 655_350, count: 100))
        #expect(night[2...3] == [.waits, .waits])
        #expect(night.dropFirst(4).allSatisfy { $0 == .doubtful })
        #expect(verdicts([510, 520], from: 200) == [.counts(510), .counts(520)])
    }

    @Test mutating func `is not believed at once when it leaps, and does not turn from there`() {
        #expect(
            verdicts([500, 400_000, 510, 520]) == [
                .counts(500), .waits, .counts(510), .counts(520),
            ])
        // One that stands for a while is believed, but what comes after it is no turn.
        let after = verdicts(Array(repeating: 640_000, count: 10) + [530, 540, 550], from: 10)
        #expect(
            after[2...] == Array(repeating: .counts(640_000), count: 8) + [
                .doubtful, .doubtful, .doubtful,
            ])
        #expect(check.turns == 0)
    }

    @Test mutating func `goes on after a time without the gateway`() {
        check.restore(shown: 640_000, turns: 2)
        #expect(
            verdicts([30_000, 30_000, 30_010]) == [.waits, .waits, .wrapped(3 * 655_360 + 30_010)])
    }

    @Test mutating func `of another meter is believed after a minute, and is the total`() {
        check.restore(shown: 300_000, turns: 2)
        let values = (0..<70).map { Int64(5_000 + 10 * $0) }
        let verdicts = verdicts(values)
        #expect(verdicts.prefix(60).allSatisfy { $0 == .doubtful })
        #expect(verdicts[60] == .reset(5_600))
        #expect(verdicts[61...].first == .counts(5_610))
        #expect(check.turns == 0)
    }

    @Test mutating func `of another meter that shows 0 is believed after ten minutes`() {
        check.restore(shown: 300_000, turns: 0)
        let verdicts = verdicts(Array(repeating: 0, count: 601))
        #expect(verdicts.prefix(600).allSatisfy { $0 == .doubtful })
        #expect(verdicts.last == .reset(0))
    }

    @Test mutating func `of a meter that shows 0 for a while after a power cut costs nothing`() {
        check.restore(shown: 300_000, turns: 0)
        let verdicts = verdicts(Array(repeating: 0, count: 300) + [300_010])
        #expect(verdicts.prefix(300).allSatisfy { $0 == .doubtful })
        #expect(verdicts.last == .counts(300_010))
    }

    @Test mutating func `that falls by its last digit keeps its total`() {
        #expect(
            verdicts([500, 490, 500, 490, 510]) == [
                .counts(500), .counts(500), .counts(500), .counts(500), .counts(510),
            ])
    }

    @Test mutating func `with a floating point may fall by the last digit of that`() {
        check = CounterCheck(channel: Self.channel(register: CounterRegister()))
        #expect(
            verdicts([123_456_700, 123_456_680, 123_450_000]) == [
                .counts(123_456_700), .counts(123_456_700), .doubtful,
            ])
    }

    @Test mutating func `that rises by more than its largest step is reported so`() {
        check = CounterCheck(channel: Self.channel(largestStep: 100))
        #expect(
            verdicts([500, 1_000, 1_010, 1_020]) == [
                .counts(500), .doubtful, .doubtful, .counts(1_020),
            ])
    }
}

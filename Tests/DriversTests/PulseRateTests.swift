import DriverKit
import Testing
import Vocabulary

struct PulseRateTests {
    private var rate = PulseRate(zeroAfter: .seconds(300))

    private func second(_ seconds: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: Int64(seconds * 1e9))
    }

    private mutating func hertz(at seconds: Double) -> Double? {
        rate.rate(at: second(seconds)).map { Double($0.pulses) / Double($0.nanoseconds) * 1e9 }
    }

    @Test mutating func `nothing is known before the second pulse`() {
        #expect(hertz(at: 0) == nil)
        rate.take(pulseAt: second(1))
        #expect(hertz(at: 1) == nil)
        rate.take(pulseAt: second(3))
        #expect(hertz(at: 3) == 0.5)
    }

    @Test mutating func `a rate is the mean since the pulse that the last one ended with`() {
        for pulse in 0...10 { rate.take(pulseAt: second(Double(pulse))) }
        #expect(hertz(at: 10.2) == 1)
        rate.take(pulseAt: second(10.5))
        rate.take(pulseAt: second(11))
        #expect(hertz(at: 11) == 2)
    }

    @Test mutating func `without pulses it falls to one in the time that has passed`() {
        rate.take(pulseAt: second(0))
        rate.take(pulseAt: second(1))
        #expect(hertz(at: 1.5) == 1)
        #expect(hertz(at: 5) == 0.25)
        #expect(hertz(at: 101) == 0.01)
        rate.take(pulseAt: second(101))
        #expect(hertz(at: 101) == 0.01)
    }

    @Test mutating func `after the stated silence it is zero until two pulses come again`() {
        rate.take(pulseAt: second(0))
        rate.take(pulseAt: second(1))
        #expect(hertz(at: 300.9) != 0)
        #expect(hertz(at: 301) == 0)
        rate.take(pulseAt: second(1000))
        #expect(hertz(at: 1000) == 0)
        rate.take(pulseAt: second(1000.5))
        #expect(hertz(at: 1000.5) == 2)
    }

    @Test mutating func `a meter that is silent from the start is at zero after the stated time`() {
        #expect(hertz(at: 10) == nil)
        #expect(hertz(at: 309) == nil)
        #expect(hertz(at: 310) == 0)
    }
}

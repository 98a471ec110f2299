import Testing
import Vocabulary

@Suite struct ClockWatchTests {
    /// The clocks of one machine, moved by hand.
    struct Machine {
        var wall: Duration
        var sinceBoot = Duration.seconds(20)
        var awake = Duration.seconds(20)
        var isVouchedFor = false

        mutating func pass(_ time: Duration) {
            wall += time
            sinceBoot += time
            awake += time
        }

        mutating func sleep(_ time: Duration) {
            wall += time
            sinceBoot += time
        }

        var sample: ClockSample {
            ClockSample(
                wall: WallTime(nanoseconds: wall.wholeNanoseconds), sinceBoot: sinceBoot,
                awake: MonotonicInstant(nanoseconds: awake.wholeNanoseconds),
                isVouchedFor: isVouchedFor)
        }

        func label(_ watch: ClockWatch) -> Duration {
            let wall = WallTime(nanoseconds: wall.wholeNanoseconds)
            return .nanoseconds(watch.label(wall: wall, sinceBoot: sinceBoot).nanoseconds)
        }
    }

    /// A day in 2026.
    static let day = Duration.seconds(1_780_000_000)
    static let jumps: [Duration] = [
        .seconds(2), .seconds(-2), .seconds(3_600), .seconds(-3_600), .seconds(315_576_000),
        .seconds(-315_576_000),
    ]

    @Test(arguments: jumps)
    func `labels of before the first jump are all wrong by the offset that it reveals`(
        _ jump: Duration
    ) {
        var machine = Machine(wall: Self.day)
        var watch = ClockWatch(machine.sample)
        var labels: [(given: Duration, truth: Duration)] = []
        for second in 0..<100 {
            machine.pass(.milliseconds(990))
            #expect(watch.look(machine.sample) == [], "second \(second)")
            labels.append((machine.label(watch), machine.wall + jump))
        }
        #expect(!watch.isSynchronised)
        machine.wall += jump
        // Nobody has looked since the jump, and the label does not follow it yet.
        machine.pass(.milliseconds(400))
        labels.append((machine.label(watch), machine.wall))
        #expect(watch.look(machine.sample) == [.becameSynchronised(offset: jump)])
        #expect(watch.isSynchronised)
        for label in labels { #expect(label.given + jump == label.truth) }
        #expect(machine.label(watch) == machine.wall)
    }

    @Test func `time that the system vouches for later is sure without a jump`() {
        var machine = Machine(wall: Self.day)
        var watch = ClockWatch(machine.sample)
        machine.pass(.seconds(60))
        machine.wall += .milliseconds(300)
        machine.isVouchedFor = true
        #expect(watch.look(machine.sample) == [.becameSynchronised(offset: .milliseconds(300))])
        machine.pass(.seconds(1))
        #expect(watch.look(machine.sample) == [])
    }

    @Test(arguments: jumps)
    func `a jump of a clock that was synchronised is reported once, and labels follow it`(
        _ jump: Duration
    ) {
        var machine = Machine(wall: Self.day, isVouchedFor: true)
        var watch = ClockWatch(machine.sample)
        machine.pass(.seconds(1))
        machine.wall += jump
        #expect(watch.look(machine.sample) == [.jumped(by: jump)])
        #expect(machine.label(watch) == machine.wall)
        machine.pass(.seconds(1))
        #expect(watch.look(machine.sample) == [])
    }

    @Test(arguments: [false, true])
    func `a night asleep is reported as sleep and is no jump`(_ isSynchronised: Bool) {
        var machine = Machine(wall: Self.day, isVouchedFor: isSynchronised)
        var watch = ClockWatch(machine.sample)
        machine.pass(.milliseconds(500))
        machine.sleep(.seconds(8 * 3_600))
        machine.pass(.milliseconds(500))
        #expect(watch.look(machine.sample) == [.slept(.seconds(8 * 3_600))])
        #expect(watch.isSynchronised == isSynchronised)
        #expect(machine.label(watch) == machine.wall)
    }

    @Test
    func `a clock that NTP makes run faster does not jump, even when nobody looks for an hour`() {
        var machine = Machine(wall: Self.day, isVouchedFor: true)
        var watch = ClockWatch(machine.sample)
        for elapsed in [Duration.seconds(1), .seconds(3_600)] {
            machine.pass(elapsed)
            machine.wall += elapsed / 2_000
            #expect(watch.look(machine.sample) == [])
        }
    }

    @Test func `the ends of time do not overflow`() {
        let ends = [Int64.min, 0, Int64.max].map { WallTime(nanoseconds: $0) }
        for start in ends {
            for end in ends where start != end {
                func sample(_ wall: WallTime, _ second: Int64) -> ClockSample {
                    ClockSample(
                        wall: wall, sinceBoot: .seconds(second),
                        awake: MonotonicInstant(nanoseconds: second * 1_000_000_000),
                        isVouchedFor: true)
                }
                var watch = ClockWatch(sample(start, 1))
                #expect(watch.look(sample(end, 2)).count == 1)
            }
        }
    }
}

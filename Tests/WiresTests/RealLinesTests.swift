import Conformance
import DriverKit
import Drivers
import Fakes
import Glibc
import Simulators
import TestMachine
import Testing
import Vocabulary
import Wires

/// What needs a kernel with gpio-sim; `Tests/RealInput/gpio-lines.sh` brings one.
@Suite(.ownThread, .serialized)
struct RealLinesTests {
    private let bench = GpioSimBench.bench
    private let wiring = RealWiring(
        bus: { (name) throws(DriverError) in throw DriverError(.invalidComponent, "\(name)") },
        files: SimulatedWiring(clock: ManualClock()).files, clock: ManualClock(),
        stateDirectory: "/tmp")

    private var now: MonotonicInstant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicInstant(
            nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    @Test(.enabled(if: GpioSimBench.isOurs, "there is no gpio-sim"))
    func `real lines do what every line does`() throws {
        #expect(LineConformance.complaints(of: wiring, on: bench) == [])
    }

    @Test(.enabled(if: GpioSimBench.isOurs, "there is no gpio-sim"))
    func `the drivers do on real lines what every driver does`() throws {
        for (driver, settings) in [
            (GpioRelayDriver.self as any Driver.Type, #"{"line": "relay0"}"#),
            (GpioContactDriver.self, #"{"line": "edge-relays/button"}"#),
            (GpioPulseCounterDriver.self, #"{"line": "button", "quantity": "count"}"#),
        ] {
            let component = try Component.sample(driver, settings, safeState: .off)
            let complaints = DriverConformance.complaints(
                of: driver, component, wiring: wiring, at: now)
            #expect(complaints == [])
        }
    }

    @Test(.enabled(if: GpioSimBench.isOurs, "there is no gpio-sim"))
    func `nine bounces of a real line are one event, whoever debounces`() throws {
        bench.push(bench.input, false)
        let component = try Component.sample(
            GpioContactDriver.self, #"{"line": "edge-relays/0", "debounce": "2s"}"#, name: "door")
        var driver = try GpioContactDriver(component: component, wiring: wiring)
        for index in 0..<9 { bench.push(bench.input, index.isMultiple(of: 2)) }
        let rest = now
        var events: [DriverEvent] = []
        while events.isEmpty, rest.duration(to: now) < .seconds(30) {
            let wait = driver.eventDeadline.map {
                now.duration(to: $0).wholeNanoseconds / 1_000_000
            }
            var watched = pollfd(fd: driver.eventDescriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&watched, 1, Int32(max(0, min(1000, (wait ?? 1000) + 1))))
            events += try driver.takeEvents(at: now)
        }
        #expect(rest.duration(to: now) >= .milliseconds(1900))
        #expect(events.map(\.reading) == [Reading(channel: "door-state", value: 1)])
        // The emulated machine is slow, so the moment is checked to half a second only.
        let moved = events.first?.at.duration(to: rest) ?? .seconds(9)
        #expect(moved > .milliseconds(-500) && moved < .milliseconds(500), "\(moved)")
        print("the contact moved \(moved) before the last bounce was seen to be over")
    }

    @Test(.enabled(if: GpioSimBench.isForbidden, "there is no gpio-sim, or nothing is forbidden"))
    func `a chip that may not be opened is not called absent`() throws {
        let settings = InputSettings(
            activeLow: false, bias: .asIs, debounce: .zero, consumer: "test")
        let error = DriverError(
            .notConnected,
            "line edge-relays/0: permission denied on /dev/gpiochip0; add the user to group gpio")
        #expect(throws: error) { _ = try wiring.inputLine(bench.input, settings) }
    }
}

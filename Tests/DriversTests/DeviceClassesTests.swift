import DriverKit
import Drivers
import Testing
import Vocabulary

@Suite struct `A look at a class of devices` {
    private struct Kind: CustomTestStringConvertible, Sendable {
        let driver: any Driver.Type
        let folder: String
        /// How often its folder is listed when all open at once.
        let listings: Int
        let files: @Sendable (Int) -> [String: String]
        let settings: @Sendable (Int) -> String

        var testDescription: String { driver.model.text }
    }

    private static let count = 1_000

    private static let kinds = [
        Kind(
            driver: ThermalZoneDriver.self, folder: "/sys/class/thermal", listings: 1,
            files: {
                [
                    "/sys/class/thermal/thermal_zone\($0)/type": "zone-\($0)\n",
                    "/sys/class/thermal/thermal_zone\($0)/temp": "21500\n",
                ]
            }, settings: { #"{"type": "zone-\#($0)"}"# }),
        Kind(
            driver: HwmonDriver.self, folder: "/sys/class/hwmon", listings: 1,
            files: {
                [
                    "/sys/class/hwmon/hwmon\($0)/name": "chip-\($0)\n",
                    "/sys/class/hwmon/hwmon\($0)/temp1_input": "21500\n",
                ]
            }, settings: { #"{"chip": "chip-\#($0)", "input": "temp1"}"# }),
        Kind(
            driver: IioAdcDriver.self, folder: "/sys/bus/iio/devices", listings: 1,
            files: {
                [
                    "/sys/bus/iio/devices/iio:device\($0)/name": "adc-\($0)\n",
                    "/sys/bus/iio/devices/iio:device\($0)/in_voltage0_raw": "160\n",
                    "/sys/bus/iio/devices/iio:device\($0)/in_voltage0_scale": "0.0625\n",
                ]
            }, settings: { #"{"device": "adc-\#($0)", "input": "voltage0"}"# }),
        Kind(
            driver: Ds18b20Driver.self, folder: "/sys/bus/w1/devices", listings: 0,
            files: { ["/sys/bus/w1/devices/28-\(100_000_000_000 + $0)/temperature": "21500\n"] },
            settings: { #"{"sensor": "28-\#(100_000_000_000 + $0)"}"# }),
    ]

    /// How often the files of `kind` were asked for anything while all of its devices were opened.
    private func open<D: Driver>(
        _ kind: Kind, _ driver: D.Type, _ bench: FileBench
    ) async throws -> Int {
        let components = try (0..<Self.count).map { try Component.of(driver, kind.settings($0)) }
        let before = bench.tree.asked
        // From many threads, as nodes do.
        try await withThrowingTaskGroup { group in
            for component in components {
                let wiring = bench.wiring
                group.addTask { _ = try driver.init(component: component, wiring: wiring) }
            }
            try await group.waitForAll()
        }
        return bench.tree.asked - before
    }

    @Test(arguments: kinds)
    private func `serves a thousand nodes that open at once`(_ kind: Kind) async throws {
        let bench = FileBench()
        for number in 0..<Self.count {
            for (path, text) in kind.files(number) { bench.tree.set(path, text) }
        }
        let asked = try await open(kind, kind.driver, bench)
        #expect(bench.tree.listings(of: kind.folder) == kind.listings)
        // One name for each device, and what each looks at in its own folder.
        #expect(asked <= 4 * Self.count)
    }

    @Test func `finds a device that comes within a quarter of a second`() throws {
        let bench = FileBench(KernelFiles.monitors)
        let settings = #"{"chip": "tmp102", "input": "temp1"}"#
        #expect(throws: DriverError.self) { try bench.open(HwmonDriver.self, settings) }
        bench.tree.set("/sys/class/hwmon/hwmon7/name", "tmp102\n")
        bench.tree.set("/sys/class/hwmon/hwmon7/temp1_input", "21000\n")
        bench.clock.advance(by: .milliseconds(250))
        var open = try bench.open(HwmonDriver.self, settings)
        #expect(try open.read() == ["21.000 °C"])
    }

    @Test func `takes no device for one that stood under its number before`() throws {
        let bench = FileBench(KernelFiles.monitors)
        let settings = #"{"chip": "lm75", "input": "temp1"}"#
        _ = try bench.open(HwmonDriver.self, settings)
        bench.tree.set("/sys/class/hwmon/hwmon0/name", "coretemp\n")
        let error = #expect(throws: DriverError.self) {
            try bench.open(HwmonDriver.self, settings)
        }
        #expect(error?.kind == .notConnected)
    }

    @Test func `reports a second device of the same name`() throws {
        let bench = FileBench(KernelFiles.monitors)
        let settings = #"{"chip": "lm75", "input": "temp1"}"#
        _ = try bench.open(HwmonDriver.self, settings)
        bench.tree.set("/sys/class/hwmon/hwmon8/name", "lm75\n")
        bench.clock.advance(by: .milliseconds(250))
        let error = #expect(throws: DriverError.self) {
            try bench.open(HwmonDriver.self, settings)
        }
        #expect(error?.kind == .invalidComponent)
    }

    @Test func `names a few of many devices when the one looked for is not there`() throws {
        let bench = FileBench()
        for number in 0..<100 {
            bench.tree.set("/sys/class/hwmon/hwmon\(number)/name", "c\(number)\n")
        }
        let error = #expect(throws: DriverError.self) {
            try bench.open(HwmonDriver.self, #"{"chip": "lm75", "input": "temp1"}"#)
        }
        #expect(error?.detail.contains("and 88 more") == true)
    }

    @Test func `says that a caller waits for its turn, and when that is over`() throws {
        let bench = FileBench(KernelFiles.monitors)
        let told = Guarded([Bool]())
        try TurnWait.reporting(to: { isWaiting in told.withLock { $0.append(isWaiting) } }) {
            _ = try bench.open(HwmonDriver.self, #"{"chip": "lm75", "input": "temp1"}"#)
        }
        #expect(told.withLock(\.self) == [true, false])
    }
}

import Conformance
import DriverKit
import Drivers
import Testing
import Vocabulary

@Suite struct HostHealthDriverTests {
    private func bench() -> FileBench {
        let bench = FileBench(KernelFiles.host)
        bench.tree.setSpace(at: "/", FileSystemSpace(total: 8_000, available: 2_001))
        bench.tree.setSpace(at: "/data", FileSystemSpace(total: 500, available: 100))
        return bench
    }

    @Test func `every channel shows what the kernel shows`() throws {
        var open = try bench().open(HostHealthDriver.self, "{}")
        let values = try open.read()
        let shown = zip(open.component.channels, values).map { "\($0.source) \($1)" }
        #expect(
            shown == [
                "load-1 0.21", "load-5 0.06", "load-15 0.02", "cpu-used-percent 4.01 %",
                "memory-total 376643584 B", "memory-available 337551360 B",
                "memory-used-percent 10.38 %", "swap-used 3145728 B", "disk-free 2001 B",
                "disk-used-percent 74.99 %", "pressure-cpu 0.03 %", "pressure-memory 0.00 %",
                "pressure-io 12.50 %", "network-received 5020 B", "network-sent 703 B",
                "uptime 47.74 s",
            ])
    }

    @Test func `only the files of the due channels are read, each once`() throws {
        let bench = bench()
        var open = try bench.open(
            HostHealthDriver.self, "{}",
            ["load-1", "load-15", "memory-total", "memory-used-percent", "disk-free"])
        #expect(bench.tree.reads == [])
        _ = try open.read()
        #expect(bench.tree.reads == ["/proc/loadavg", "/proc/meminfo"])
        let load = [open.component.channels[0]]
        _ = try open.driver.read(load, at: bench.clock.now).readings()
        #expect(bench.tree.reads.suffix(1) == ["/proc/loadavg"])
        #expect(bench.tree.reads.count == 3)
    }

    @Test func `a file that cannot be read costs its own channels alone`() throws {
        let bench = bench()
        var open = try bench.open(
            HostHealthDriver.self, "{}", ["load-1", "pressure-io", "memory-total", "uptime"])
        bench.tree.set("/proc/pressure/io", "nonsense\n")
        bench.tree.remove("/proc/meminfo")
        let answers = try open.driver.read(open.component.channels, at: bench.clock.now)
        let faults = zip(open.component.channels, answers).map { ($0.source, $1.fault?.kind) }
        #expect(
            Dictionary(uniqueKeysWithValues: faults) == [
                "load-1": nil, "memory-total": .notConnected, "pressure-io": .malformedReply,
                "uptime": nil,
            ])
    }

    @Test func `processor use is of the time since the last read`() throws {
        let bench = bench()
        var open = try bench.open(HostHealthDriver.self, "{}", ["cpu-used-percent"])
        bench.tree.set("/proc/stat", "cpu  100 0 100 700 100 0 0 0 0 0\n")
        #expect(try open.read() == ["20.00 %"])
        bench.tree.set("/proc/stat", "cpu  200 0 250 1400 150 0 0 0 0 0\n")
        #expect(try open.read() == ["25.00 %"])
        // Within one tick nothing moves, and the last share still holds.
        #expect(try open.read() == ["25.00 %"])
        bench.tree.set("/proc/stat", "cpu  200 0 250 1500 140 0 0 0 0 0\n")
        #expect(try open.read() == ["0.00 %"])
        bench.tree.set("/proc/stat", "cpu  200 0 250 1500 40 200 0 0 0 0\n")
        #expect(try open.read() == ["100.00 %"])
    }

    @Test func `one interface is counted when it is named, else all but lo`() throws {
        let bench = bench()
        var one = try bench.open(
            HostHealthDriver.self, #"{"interface": "wlan0"}"#, ["network-received", "network-sent"])
        #expect(try one.read() == ["20 B", "3 B"])
        var all = try bench.open(HostHealthDriver.self, "{}", ["network-received"])
        bench.tree.remove("/sys/class/net/eth0")
        #expect(try all.read() == ["20 B"])
        bench.tree.remove("/sys/class/net/wlan0")
        #expect(#expect(throws: DriverError.self) { try one.read() }?.kind == .notConnected)
    }

    @Test func `the disk is the one that holds the path`() throws {
        var open = try bench().open(
            HostHealthDriver.self, #"{"path": "/data/journal"}"#,
            ["disk-free", "disk-used-percent"])
        #expect(try open.read() == ["100 B", "80.00 %"])
    }

    @Test func `a kernel without pressure says which setting to change`() throws {
        let bench = bench()
        bench.tree.remove("/proc/pressure")
        var open = try bench.open(HostHealthDriver.self, "{}")
        let error = #expect(throws: DriverError.self) { try open.read() }
        #expect(
            error
                == DriverError(
                    .notConnected,
                    "/proc/pressure/cpu: does not exist; boot the kernel with psi=1 or set pressure "
                        + "to false"))
        var without = try bench.open(HostHealthDriver.self, #"{"pressure": false}"#)
        #expect(without.component.channels.allSatisfy { !$0.source.hasPrefix("pressure") })
        #expect(try without.read().count == 13)
        var load = try bench.open(HostHealthDriver.self, "{}", ["load-1"])
        #expect(try load.read() == ["0.21"])
    }

    @Test(arguments: [
        ("/proc/loadavg", "", "load-1"), ("/proc/loadavg", "x 1 2", "load-1"),
        ("/proc/loadavg", "0.1", "load-5"), ("/proc/uptime", "\n", "uptime"),
        ("/proc/meminfo", "MemTotal: 1 MB\n", "memory-total"),
        ("/proc/meminfo", "MemTotal: 9223372036854775807 kB\n", "memory-total"),
        ("/proc/meminfo", "MemTotal: -1 kB\n", "memory-total"),
        ("/proc/meminfo", "MemTotal: 1 kB\n", "memory-available"),
        ("/proc/stat", "intr 1 2 3 4\n", "cpu-used-percent"),
        ("/proc/stat", "cpu  1 2\n", "cpu-used-percent"),
        ("/proc/pressure/cpu", "full avg10=1.00\n", "pressure-cpu"),
        ("/proc/pressure/cpu", "some avg10=x\n", "pressure-cpu"),
        ("/sys/class/net/eth0/statistics/rx_bytes", "many\n", "network-received"),
    ])
    func `a file that is invalid is a bad reply that names it`(
        _ path: String, text: String, source: String
    ) throws {
        let bench = bench()
        bench.tree.set(path, text)
        var open = try bench.open(HostHealthDriver.self, "{}", [source])
        let error = #expect(throws: DriverError.self) { try open.read() }
        #expect(error?.kind == .malformedReply)
        #expect(error?.detail.hasPrefix(path) == true)
    }

    @Test func `a missing file is not connected`() throws {
        let bench = bench()
        bench.tree.remove("/proc/loadavg")
        var open = try bench.open(HostHealthDriver.self, "{}", ["load-1"])
        #expect(#expect(throws: DriverError.self) { try open.read() }?.kind == .notConnected)
    }

    @Test func `settings that lead elsewhere are refused`() {
        for settings in [#"{"path": "data"}"#, #"{"interface": "../x"}"#] {
            let error = #expect(throws: DriverError.self) {
                try bench().open(HostHealthDriver.self, settings)
            }
            #expect(error?.kind == .invalidComponent)
        }
    }
}

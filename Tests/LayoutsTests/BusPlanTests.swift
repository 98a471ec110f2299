import DriverKit
import Layouts
import Testing
import Vocabulary

@Suite struct `A bus plan` {
    private func bus(baud: Int, gap: Duration, stopBits: Int = 1) -> Bus {
        Bus(
            name: BusName(known: "rs485"),
            line: .serial(
                SerialSettings(port: "/dev/ttyUSB0", baud: baud, parity: .none, stopBits: stopBits)),
            gap: gap)
    }

    private func traffic(every period: Duration, _ count: Int = 1, bytes: Int = 20) -> [BusTraffic]
    {
        let one = BusTraffic(
            bus: BusName(known: "rs485"), every: period, requestBytes: 8, replyBytes: bytes - 8)
        return [BusTraffic](repeating: one, count: count)
    }

    @Test func `adds bytes, gap and turnaround of every request`() {
        // 20 bytes of 10 bits at 2000 baud take 100 ms; with the gap and 10 ms more, 210 ms a second.
        let plan = BusPlan(
            bus: bus(baud: 2000, gap: .milliseconds(100)), traffic: traffic(every: .seconds(1)))
        #expect(plan.load == 210_000)
        #expect(plan.percent == 21)
        #expect(plan.requestsPerMinute == 60)
        #expect(plan.problem == nil)
    }

    @Test func `counts the parity and stop bits`() {
        let plan = BusPlan(
            bus: bus(baud: 2200, gap: .zero, stopBits: 2), traffic: traffic(every: .seconds(1)))
        #expect(plan.load == 110_000)
    }

    @Test func `that just fits is no problem, and one that just does not is`() {
        let slow = bus(baud: 2000, gap: .milliseconds(90))
        #expect(BusPlan(bus: slow, traffic: traffic(every: .seconds(1), 5)).load == 1_000_000)
        #expect(BusPlan(bus: slow, traffic: traffic(every: .seconds(1), 5)).problem == nil)
        #expect(BusPlan(bus: slow, traffic: traffic(every: .milliseconds(999), 5)).problem != nil)
    }

    @Test func `that does not fit says how much less, how much faster, or how short a gap`() {
        let plan = BusPlan(
            bus: bus(baud: 2400, gap: .milliseconds(100)), traffic: traffic(every: .seconds(1), 7))
        #expect(
            plan.problem
                == "bus rs485 would be busy for 136 % of the time with 420 requests a minute: "
                + "poll 1.4 times less often, or use 9600 baud, or use a gap of at most 49ms, "
                + "or move devices to a second bus")
        let shorter = BusPlan(bus: bus(baud: 2400, gap: .milliseconds(49)), traffic: plan.traffic)
        #expect(shorter.problem == nil)
        let longer = BusPlan(bus: bus(baud: 2400, gap: .milliseconds(50)), traffic: plan.traffic)
        #expect(longer.problem != nil)
    }

    @Test func `names no speed and no gap where none would do`() {
        let plan = BusPlan(
            bus: bus(baud: 115_200, gap: .zero), traffic: traffic(every: .milliseconds(10), 2))
        #expect(
            plan.problem
                == "bus rs485 would be busy for 235 % of the time with 12000 requests a minute: "
                + "poll 2.4 times less often, or move devices to a second bus")
    }

    @Test func `over TCP counts the gap and the turnaround alone`() {
        let tcp = Bus(
            name: BusName(known: "rs485"), line: .tcp(host: "meter", port: 502),
            gap: .milliseconds(40))
        #expect(BusPlan(bus: tcp, traffic: traffic(every: .seconds(1))).load == 50_000)
    }

    @Test func `of a layout covers each of its buses`() throws {
        let text = """
            {"gateway": "d1.test",
             "buses": [{"name": "a", "port": "/dev/ttyUSB0", "baud": 9600},
                       {"name": "b", "host": "meter"}],
             "nodes": [
               {"name": "m1", "kind": "meter",
                "component": {"driver": "test-meter", "bus": "a", "unit": 1}},
               {"name": "m2", "kind": "meter",
                "component": {"driver": "test-meter", "bus": "b", "unit": 1}}]}
            """
        let layout = try #require(read(text).layout)
        let plans = layout.busPlans(registry: .testing)
        #expect(plans.map(\.bus.name.text) == ["a", "b"])
        // 17 bytes at 9600 baud are 17.708 ms: 127.708 ms each second and each ten seconds.
        #expect(plans.map(\.load) == [127_709 + 12_771, 10_000 + 1_000])
        let busy = text.replacing(
            #""unit": 1}},"#,
            with: #""unit": 1}, "channels":"#
                + #"[{"source": "power-active", "pollPeriod": "100ms"}]},"#)
        #expect(read(busy).layout == nil)
        #expect(
            read(busy).problems == [
                "buses[0] (line 2): bus a would be busy for 128 % of the time with 600 requests a "
                    + "minute: poll 1.3 times less often, or use a gap of at most 72ms, or "
                    + "move devices to a second bus"
            ])
    }
}

import DriverKit
import Fakes
import Testing
import Vocabulary

@testable import Nodes

/// A device with two channels, of which one has a fault.
@Suite struct `A channel that cannot be read` {
    let bench = Bench()
    private let device = ScriptedDevice(.counts(from: 1))

    private func node() -> ShNode {
        bench.node(
            device,
            [bench.channel("good", delta: 1), bench.channel("poor", delta: 1)])
    }

    private func facts(_ seconds: Int64) async -> [Fact] {
        await bench.pass(.seconds(seconds))
        return await bench.nextFacts()
    }

    @Test func `is reported once and ends once, and the others go on`() async {
        let node = node()
        device.fail("poor", DriverError(.unsupported, "it does not have this register"))
        await bench.start(node)
        await bench.pass(.seconds(30))
        device.fail("poor", nil)
        let facts = await facts(3)
        let faults = facts.compactMap(\.fault)
        #expect(faults.map(\.isOn) == [true, false])
        #expect(faults.map(\.channel) == ["poor", "poor"])
        #expect(faults.map(\.kind) == [.invalidComponent, .invalidComponent])
        #expect(facts.flatMap { $0.readings(of: "good") }.count == 34)
        #expect(facts.flatMap { $0.readings(of: "poor") }.count == 3)
        withExtendedLifetime(node) {}
    }

    @Test func `for want of a value is reported at once, and its next value is reported at once`()
        async
    {
        let node = bench.node(
            device, [bench.channel("poor", capture: .seconds(1_000), delta: nil)])
        await bench.start(node)
        await bench.pass(.seconds(2))
        device.fail("poor", DriverError(.noValue, "channel poor: register 0 holds 0x8000"))
        await bench.pass(.seconds(1))
        device.fail("poor", nil)
        let facts = await facts(1)
        let faults = facts.compactMap(\.fault)
        #expect(faults.map(\.isOn) == [true, false])
        #expect(faults.first?.detail == "channel poor: register 0 holds 0x8000")
        #expect(facts.flatMap { $0.readings(of: "poor") }.count == 2)
        withExtendedLifetime(node) {}
    }

    @Test(arguments: [.timeout, .malformedReply, .busy, .notConnected] as [DriverError.Kind])
    func `now and then is no fault, one that stays so is`(kind: DriverError.Kind) async {
        let node = node()
        await bench.start(node)
        for _ in 0..<5 {
            device.fail("poor", DriverError(kind, "not now"))
            await bench.pass(.seconds(2))
            device.fail("poor", nil)
            await bench.pass(.seconds(1))
        }
        let before = await bench.nextFacts()
        #expect(before.compactMap(\.fault).isEmpty)
        device.fail("poor", DriverError(kind, "not now"))
        let faults = await facts(20).compactMap(\.fault)
        #expect(faults.map(\.channel) == ["poor"])
        withExtendedLifetime(node) {}
    }

    @Test func `has one reason at a time`() async {
        let node = node()
        device.fail("poor", DriverError(.unsupported, "no such register"))
        await bench.start(node)
        device.fail("poor", DriverError(.noValue, "not a number"))
        let faults = await facts(2).compactMap(\.fault)
        #expect(faults.map(\.kind) == [.invalidComponent, .invalidComponent, .malformedReply])
        #expect(faults.map(\.isOn) == [true, false, true])
        withExtendedLifetime(node) {}
    }

    @Test func `does not end the fault of a device that is away`() async {
        let node = node()
        await bench.start(node)
        device.behave(.fails(DriverError(.timeout, "no reply")))
        await bench.pass(.seconds(1))
        // It is not asked for what it is known not to have, so this says nothing of the device.
        device.behave(.shows([1]))
        for channel in ["good", "poor"] as [DataChannelName] {
            device.fail(channel, DriverError(.unsupported, "no such register"))
        }
        let faults = await facts(10).compactMap(\.fault).filter { $0.channel == nil }
        #expect(faults.map(\.isOn) == [true])
        withExtendedLifetime(node) {}
    }

    @Test func `a device that is busy for two polls is no fault, one that stays so is`() async {
        let busy = DriverError(.busy, "device busy")
        let node = node()
        await bench.start(node)
        device.behave(.fails(busy))
        await bench.pass(.seconds(1))
        device.behave(.shows([1]))
        await bench.pass(.seconds(5))
        let before = await bench.nextFacts()
        #expect(before.compactMap(\.fault).isEmpty)
        device.behave(.fails(busy))
        let faults = await facts(60).compactMap(\.fault)
        #expect(faults.map(\.isOn) == [true])
        withExtendedLifetime(node) {}
    }
}

extension Fact {
    fileprivate func readings(of channel: DataChannelName) -> [Reading] {
        guard case .readings(let readings) = matter else { return [] }
        return readings.filter { $0.channel == channel }
    }
}

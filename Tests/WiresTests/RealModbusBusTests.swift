import Conformance
import DriverKit
import Fakes
import Foundation
import Simulators
import TestMachine
import Testing
import Vocabulary

@testable import Wires

/// A real bus on one side and simulated units on the other, with real bytes between them.
final class ModbusTestLine {
    enum Kind: String, CaseIterable, Sendable { case rtu, tcp, rtuOverTcp }

    let server: SimulatedModbusServer
    let clock = ManualClock()
    let bus: RealModbusBus
    private let folder: URL

    /// Unit 1 and 2 hold 1000 × unit + address in the input registers 0 to 59.
    init(_ kind: Kind, gap: Duration = .zero, timeout: Duration = .seconds(60)) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(component: "tidegate-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let link = folder.appending(component: "ttyMODBUS").path
        var units: [UInt8: SimulatedModbusUnit] = [:]
        for number in [1, 2] as [UInt8] {
            var unit = SimulatedModbusUnit()
            unit.hold((0..<60).map { 1000 * UInt16(number) + $0 }, at: 0)
            units[number] = unit
        }
        let place: SimulatedModbusServer.Place =
            switch kind {
            case .rtu: .terminal(link: link)
            case .tcp: .tcp
            case .rtuOverTcp: .rtuOverTcp
            }
        server = try SimulatedModbusServer(place, units: units)
        bus = try RealModbusBus(
            Bus(name: BusName(known: "bench"), line: server.line, gap: gap), clock: clock,
            timeout: timeout)
    }

    deinit {
        server.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    func setFault(_ fault: SimulatedModbusUnit.Fault?, unit: UInt8 = 1) {
        server.change(unit: unit) { $0.fault = fault }
    }

    func request(
        _ address: UInt16, count: Int = 2, unit: UInt8 = 1, within limit: Duration = .seconds(20)
    ) -> ModbusRequest {
        ModbusRequest(
            unit: unit, function: .inputRegisters, address: address, count: count,
            replyTimeout: limit)
    }

    /// What messages call the line.
    var name: String {
        switch server.line {
        case .serial: "ttyMODBUS"
        case .tcp(let host, let port, _): "\(host):\(port)"
        }
    }

    func cause(_ fault: ModbusBusConformance.Fault) throws {
        setFault(SimulatedModbusUnit.Fault(fault))
        server.change(unit: 1) { $0.suffer(fault) }
        if fault == .unplugged { server.unplug() } else { try server.plugIn() }
    }

    /// What the registers of `request` hold.
    func truth(_ request: ModbusRequest) -> [UInt16] {
        (0..<UInt16(request.count)).map { 1000 * UInt16(request.unit) + request.address + $0 }
    }
}

extension SimulatedModbusUnit {
    /// What of a fault does not stay.
    mutating func suffer(_ fault: ModbusBusConformance.Fault) {
        (corruptReplies, busyReplies, hangUps) = (0, 0, 0)
        switch fault {
        case .corrupt: corruptReplies = 1
        case .busyOnce: busyReplies = 1
        case .hangUp: hangUps = 1
        default: break
        }
    }
}

extension SimulatedModbusUnit.Fault {
    /// The unit's part of a fault.
    init?(_ fault: ModbusBusConformance.Fault) {
        switch fault {
        case .silent: self = .silent
        case .busy: self = .exception(6)
        case .truncated: self = .truncated
        case .lateByOne: self = .lateByOne
        case .none, .corrupt, .unplugged, .busyOnce, .hangUp: return nil
        }
    }
}

@Suite("A real Modbus bus", .ownThread, .serialized) struct RealModbusBusTests {
    @Test(arguments: ModbusTestLine.Kind.allCases)
    func `keeps to what every Modbus bus does`(kind: ModbusTestLine.Kind) throws {
        let line = try ModbusTestLine(kind)
        let complaints = try ModbusBusConformance.complaints(
            of: line.bus, line: line.name, cause: line.cause)
        #expect(complaints == [])
    }

    @Test func `so does a simulated bus`() throws {
        let wiring = SimulatedWiring(clock: ManualClock())
        let name = BusName(known: "bench")
        wiring.buses.change(unit: 1, on: name) { $0.hold((1000..<1060).map { $0 }, at: 0) }
        let bus = try wiring.modbusBus(name)
        let complaints = ModbusBusConformance.complaints(of: bus, line: "bench") { fault in
            wiring.buses.change(unit: 1, on: name) { unit in
                unit.fault = SimulatedModbusUnit.Fault(fault)
                unit.suffer(fault)
            }
            wiring.buses.setPlugged(fault != .unplugged, name)
        }
        #expect(complaints == [])
    }

    @Test(arguments: ModbusTestLine.Kind.allCases)
    func `reads registers`(kind: ModbusTestLine.Kind) throws {
        let line = try ModbusTestLine(kind)
        #expect(try line.bus.read(line.request(0)) == [1000, 1001])
        #expect(try line.bus.read(line.request(10, count: 50)).last == 1059)
        #expect(try line.bus.read(line.request(6, count: 1, unit: 2)) == [2006])
    }

    @Test(arguments: ModbusTestLine.Kind.allCases)
    func `reports silence, and the next request is good`(kind: ModbusTestLine.Kind) throws {
        let line = try ModbusTestLine(kind)
        line.setFault(.silent)
        let request = line.request(12, within: .milliseconds(30))
        let error = #expect(throws: DriverError.self) { try line.bus.read(request) }
        #expect(error?.kind == .timeout)
        #expect(error?.detail.hasPrefix("no reply to 01 04 00 0c 00 02 within 30 ms on ") == true)
        line.setFault(nil)
        #expect(try line.bus.read(line.request(6)) == [1006, 1007])
    }

    @Test(arguments: ModbusTestLine.Kind.allCases)
    func `a silent unit does not spoil its neighbour's replies`(kind: ModbusTestLine.Kind) throws {
        let line = try ModbusTestLine(kind)
        line.setFault(.silent)
        for _ in 0..<3 {
            #expect(throws: DriverError.self) {
                try line.bus.read(line.request(0, within: .milliseconds(20)))
            }
            #expect(try line.bus.read(line.request(0, unit: 2)) == [2000, 2001])
        }
    }

    @Test func `reports a wrong checksum, and the next request is good`() throws {
        let line = try ModbusTestLine(.rtu)
        line.server.change(unit: 1) { $0.corruptReplies = 1 }
        let error = #expect(throws: DriverError.self) { try line.bus.read(line.request(0)) }
        #expect(
            error
                == DriverError(
                    .malformedReply,
                    "the reply to 01 04 00 00 00 02 on ttyMODBUS has a wrong checksum"))
        #expect(try line.bus.read(line.request(2)) == [1002, 1003])
    }

    @Test func `reports a wrong transaction number, and the next request is good`() throws {
        let line = try ModbusTestLine(.tcp)
        line.server.change(unit: 1) { $0.corruptReplies = 1 }
        let error = #expect(throws: DriverError.self) { try line.bus.read(line.request(0)) }
        #expect(error?.kind == .malformedReply)
        #expect(error?.detail.hasSuffix("belongs to another request") == true)
        #expect(try line.bus.read(line.request(2)) == [1002, 1003])
    }

    @Test(
        arguments: ModbusTestLine.Kind.allCases, [(1, "illegal function"), (6, "device busy")])
    func `reports an exception in words`(
        kind: ModbusTestLine.Kind, exception: (code: UInt8, words: String)
    ) throws {
        let line = try ModbusTestLine(kind)
        line.setFault(.exception(exception.code))
        let error = #expect(throws: DriverError.self) { try line.bus.read(line.request(0)) }
        #expect(error?.kind == (exception.code == 6 ? .busy : .unsupported))
        #expect(error?.detail.contains("exception \(exception.code): ") == true)
        #expect(error?.detail.contains(exception.words) == true)
        line.setFault(nil)
        #expect(try line.bus.read(line.request(2)) == [1002, 1003])
    }

    @Test(arguments: ModbusTestLine.Kind.allCases)
    func `registers that are not there are refused`(kind: ModbusTestLine.Kind) throws {
        let line = try ModbusTestLine(kind)
        let error = #expect(throws: DriverError.self) { try line.bus.read(line.request(100)) }
        #expect(error?.detail.hasSuffix("exception 2: illegal data address") == true)
        #expect(try line.bus.read(line.request(0)) == [1000, 1001])
    }

    @Test(arguments: ModbusTestLine.Kind.allCases)
    func `half a reply is no reply, and the next request is good`(kind: ModbusTestLine.Kind) throws
    {
        let line = try ModbusTestLine(kind)
        line.setFault(.truncated)
        let error = #expect(throws: DriverError.self) {
            try line.bus.read(line.request(0, within: .milliseconds(30)))
        }
        #expect(error?.kind == .timeout)
        line.setFault(nil)
        #expect(try line.bus.read(line.request(2)) == [1002, 1003])
    }

    @Test(arguments: ModbusTestLine.Kind.allCases)
    func `goes on after the line was pulled and put back`(kind: ModbusTestLine.Kind) throws {
        let line = try ModbusTestLine(kind)
        #expect(try line.bus.read(line.request(0)) == [1000, 1001])
        line.server.unplug()
        for _ in 0..<2 {
            let error = #expect(throws: DriverError.self) { try line.bus.read(line.request(2)) }
            #expect(error?.kind == .notConnected)
        }
        try line.server.plugIn()
        #expect(try line.bus.read(line.request(4)) == [1004, 1005])
    }

    @Test(arguments: [0, 248, 255] as [UInt8])
    func `over TCP every unit number is asked for`(unit: UInt8) throws {
        let line = try ModbusTestLine(.tcp)
        line.server.change(unit: unit) { $0.hold([7], at: 0) }
        #expect(try line.bus.read(line.request(0, count: 1, unit: unit)) == [7])
    }

    @Test(arguments: [ModbusTestLine.Kind.tcp, .rtuOverTcp])
    func `a host that has never answered is reported with what may be wrong with the settings`(
        kind: ModbusTestLine.Kind
    ) throws {
        let line = try ModbusTestLine(kind)
        func silence() -> String? {
            line.setFault(.silent)
            defer { line.setFault(nil) }
            return #expect(throws: DriverError.self) {
                try line.bus.read(line.request(0, within: .milliseconds(30)))
            }?.detail
        }
        #expect(silence()?.contains("rtuOverTcp") == true)
        _ = try line.bus.read(line.request(6))
        #expect(silence()?.hasSuffix(" on \(line.name)") == true)
    }

    @Test func `a host that hangs up again and again is reported as gone`() throws {
        let line = try ModbusTestLine(.tcp)
        line.server.change(unit: 1) { $0.hangUps = 2 }
        let error = #expect(throws: DriverError.self) { try line.bus.read(line.request(0)) }
        #expect(error?.kind == .notConnected)
        #expect(try line.bus.read(line.request(2)) == [1002, 1003])
    }

    @Test func `a reply owed to a connection that ended is never taken for another's`() throws {
        let line = try ModbusTestLine(.rtuOverTcp)
        line.server.change(unit: 1) { $0.hangUps = 1 }
        for address in stride(from: 0, to: 40, by: 4) as StrideTo<UInt16> {
            let request = line.request(address)
            #expect(try line.bus.read(request) == line.truth(request))
        }
    }

    @Test func `a port that is not there is named by its path`() throws {
        let port = SerialSettings(
            port: "/dev/tidegate-none", baud: 9600, parity: .none, stopBits: 1)
        let bus = try RealModbusBus(
            Bus(name: BusName(known: "bench"), line: .serial(port), gap: .zero),
            clock: ManualClock())
        let request = ModbusRequest(
            unit: 1, function: .inputRegisters, address: 0, count: 2, replyTimeout: .seconds(1))
        let error = #expect(throws: DriverError.self) { try bus.read(request) }
        #expect(
            error
                == DriverError(
                    .notConnected, "cannot open /dev/tidegate-none: No such file or directory"))
    }

    @Test func `a speed that serial ports do not have is refused`() {
        let port = SerialSettings(port: "/dev/ttyUSB0", baud: 9601, parity: .none, stopBits: 1)
        let pool = ModbusBusPool(
            [Bus(name: BusName(known: "bench"), line: .serial(port), gap: .zero)],
            clock: ManualClock())
        let error = #expect(throws: DriverError.self) {
            _ = try pool.bus(BusName(known: "bench"))
        }
        #expect(
            error
                == DriverError(
                    .invalidComponent,
                    "bus bench: 9601 baud is not a serial port speed, for example 9600"))
    }

    @Test func `a pool hands out one bus for each name and knows no others`() throws {
        let line = Bus.Line.tcp(host: "127.0.0.1", port: 502)
        let pool = ModbusBusPool(
            [Bus(name: BusName(known: "bench"), line: line, gap: .zero)], clock: ManualClock())
        #expect(
            try pool.bus(BusName(known: "bench")) === pool.bus(BusName(known: "bench")))
        let error = #expect(throws: DriverError.self) { _ = try pool.bus(BusName(known: "other")) }
        #expect(error == DriverError(.invalidComponent, "bus other is unknown; there is bench"))
    }

    @Test(arguments: ModbusTestLine.Kind.allCases)
    func `leaves the quiet gap between a reply and the next request`(
        kind: ModbusTestLine.Kind
    ) throws {
        let line = try ModbusTestLine(kind, gap: .milliseconds(25))
        for address in 0..<4 as Range<UInt16> { _ = try line.bus.read(line.request(address)) }
        #expect(try #require(line.server.shortestGap) >= .milliseconds(25))
    }

    @Test func `a gap that has passed anyway is not waited for`() throws {
        let line = try ModbusTestLine(.rtu, gap: .seconds(3_600))
        _ = try line.bus.read(line.request(0))
        line.clock.advance(by: .seconds(3_600))
        // Would take an hour; it is the second request that the unit hears.
        let before = line.clock.now
        #expect(try line.bus.read(line.request(2)) == [1002, 1003])
        #expect(line.clock.now == before)
    }

    @Test(arguments: ModbusTestLine.Kind.allCases)
    func `nodes on several threads each get their own values`(
        kind: ModbusTestLine.Kind
    ) async throws {
        let line = try ModbusTestLine(kind)
        let bus = line.bus
        let requests = (0..<6).map { line.request(UInt16(8 * $0), unit: UInt8(1 + $0 % 2)) }
        let truths = requests.map(line.truth)
        await withTaskGroup(of: Int.self) { group in
            for (request, truth) in zip(requests, truths) {
                group.addTask {
                    await onThread { (0..<20).count { _ in (try? bus.read(request)) == truth } }
                }
            }
            for await good in group { #expect(good == 20) }
        }
    }

    @Test func `a bus works when all low descriptors are taken, and one made then is refused`()
        async
    {
        // In a process of its own, because others that use select(2) would suffer.
        await #expect(processExitsWith: .success) {
            let early = try [
                ModbusTestLine(.rtu), ModbusTestLine(.tcp),
            ]
            var limit = rlimit(rlim_cur: 4096, rlim_max: 4096)
            setrlimit(__rlimit_resource_t(7), &limit)
            var descriptor: Int32 = 0
            while descriptor >= 0 && descriptor < 1024 { descriptor = open("/dev/null", O_RDONLY) }
            #expect(descriptor >= 1024, "what wakes the servers stands there already")
            for line in early {
                #expect(try line.bus.read(line.request(0)) == [1000, 1001])
                line.server.unplug()
                #expect(throws: DriverError.self) { try line.bus.read(line.request(0)) }
                try line.server.plugIn()
                #expect(try line.bus.read(line.request(2)) == [1002, 1003])
            }
            let error = #expect(throws: DriverError.self) { try ModbusTestLine(.rtu) }
            #expect(error?.kind == .notConnected)
            #expect(error?.detail.hasSuffix("too high for libmodbus, must be below 1024") == true)
        }
    }
}

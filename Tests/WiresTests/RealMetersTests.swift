import Conformance
import DriverKit
import Drivers
import Fakes
import Foundation
import Simulators
import TestMachine
import Testing
import Vocabulary

@testable import Wires

/// Each kind of meter at the other end of a real line, with bytes between them.
@Suite(.ownThread) struct RealMetersTests {
    enum Kind: String, CaseIterable, Sendable { case p1, d0, d0Pushed, mbus, vedirect }

    private func meter(_ kind: Kind) -> any SimulatedMeter {
        switch kind {
        case .p1:
            let text = "/TDG5TEST\r\n\r\n1-0:1.7.0(00.512*kW)\r\n1-0:2.7.0(00.000*kW)\r\n!\r\n"
            return RecordedMeter([Array(text.utf8)])
        case .d0, .d0Pushed:
            let text = Array("1.8.0(00012.345*kWh)\r\n!\r\n\u{3}".utf8)
            return SimulatedD0Meter(
                identification: "TDG5TEST", data: [2] + text + [text.reduce(0, ^)],
                every: kind == .d0 ? nil : .seconds(1))
        case .mbus:
            return SimulatedMbusUnit(
                address: 5, id: [1, 0, 0, 0, 0x87, 0x50, 1, 4],
                telegrams: [[0x04, 0x13, 7, 0, 0, 0], [0x04, 0x06, 9, 0, 0, 0]])
        case .vedirect:
            let text = Array("\r\nV\t12800\r\nI\t-100\r\nChecksum\t".utf8)
            return RecordedMeter([text + [0 &- text.reduce(0, &+)]])
        }
    }

    private func driver(_ kind: Kind) -> (any Driver.Type, settings: String, source: String, Int64)
    {
        switch kind {
        case .p1: (DsmrP1Driver.self, "", "power-active", 51_200)
        case .d0: (Iec62056MeterDriver.self, "", "energy-import", 123_450)
        case .d0Pushed:
            (Iec62056MeterDriver.self, #", "sendsByItself": true"#, "energy-import", 123_450)
        case .mbus: (MbusMeterDriver.self, #", "id": "00000001""#, "energy", 9_000)
        case .vedirect: (VedirectDriver.self, "", "battery-current", -100)
        }
    }

    @Test(arguments: Kind.allCases, [false, true])
    func `each kind of meter is read on a terminal and over TCP`(kind: Kind, isTcp: Bool) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(component: "tidegate-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let link = folder.appending(component: "ttyMETER").path
        let port = try SimulatedMeterPort(
            isTcp ? .tcp : .terminal(link: link), meter(kind), every: .milliseconds(150))
        defer {
            port.stop()
            try? FileManager.default.removeItem(at: folder)
        }
        let place =
            switch port.address {
            case .serial(let path): #""port": "\#(path)""#
            case .tcp(let host, let number): #""host": "\#(host)", "tcpPort": \#(number)"#
            }
        let wiring = RealWiring(
            bus: { (bus: BusName) throws(DriverError) -> any ModbusBus in
                throw DriverError(.invalidComponent, "bus \(bus): there is none here")
            }, files: SystemFiles(root: folder.path), clock: ManualClock(),
            stateDirectory: "/nowhere")
        let (type, settings, source, value) = driver(kind)
        let component = try Component.of(type, "{\(place)\(settings)}", sources: [source])
        var driver = try type.init(component: component, wiring: wiring)
        for _ in 0..<2 {
            let answers = try driver.read(
                component.channels, at: MonotonicInstant(nanoseconds: 0))
            #expect(try answers.readings().map(\.value) == [value])
        }
    }
}

import Channels
import Documents
import DriverKit
import Fakes
import Foundation
import Logging
import Nodes
import Proactors
import TestMachine
import Testing
import Vocabulary

@testable import Gateway
@testable import Host

/// The end of a process whose proactor stands still, tried with this test program as the gateway.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `A gateway that nothing can help` {
    static let variable = "TIDEGATE_TEST_LIFELESS"
    static let stuck = ProcessInfo.processInfo.environment[variable]

    private static func relay(
        _ name: StaticString, _ device: ScriptedDevice, _ inbox: FanIn<Fact>, _ clock: ManualClock
    ) -> ShNode {
        let channel = DataChannel(
            name: DataChannelName(known: name), node: ShNodeName(known: name), source: "value",
            unit: .onOff, exponent: 0, pollPeriod: .seconds(1),
            capture: CaptureRule(period: .seconds(60), delta: 1))
        let component = Component(
            name: ComponentName(known: name), model: "scripted",
            settings: DriverKit.Settings(
                JsonNode(.group([]), at: Place(path: "", line: 1, column: 1)), described: []),
            channels: [channel], safeState: .off)
        return ShNode(
            name: ShNodeName(known: name), component: component,
            outbox: inbox.source(named: name.description), clock: clock,
            open: device.opener(actuates: true))
    }

    /// Lives in a process of its own, which it ends.
    @Test(.ownThread, .enabled(if: stuck != nil)) func `that is this process`() async throws {
        let (clock, inbox) = (ManualClock(), FanIn<Fact>(capacity: 64))
        let (pump, valve) = (ScriptedDevice(), ScriptedDevice())
        let nodes = [
            Self.relay("pump", pump, inbox, clock), Self.relay("valve", valve, inbox, clock),
        ]
        let proactor = Proactor(
            profile: GatewayProfile(gateway: "d1.test.scada", incarnation: "1", nodes: []),
            nodes: nodes, inbox: inbox, journal: SimulatedJournal(upstreams: [:]), clock: clock,
            chance: SeededGenerator(seed: 1), logger: Logger(label: "test"))
        await proactor.start()
        for name: ShNodeName in ["pump", "valve"] {
            _ = await proactor.carryOut(
                Command(
                    id: CommandID("on-\(name)")!, node: name, order: .set(1),
                    source: CommandSource(.cli)))
        }
        for (name, device) in [("pump", pump), ("valve", valve)] {
            device.onLevel { print("\nLEVEL \(name) \($0)") }
        }
        if Self.stuck == "valve" { valve.stick() }
        let life = GatewayLife(
            service: ServiceManager(), clock: clock, logger: Logger(label: "test"))
        life.start(proactor) { _ in print("\nASKED FOR AN ORDERLY STOP") }
        Task { await proactor.standStill() }
        // Time goes on once the watch sleeps again and both relays' threads have had a turn.
        while true {
            await clock.sleepers(1)
            for node in nodes { await node.hop() }
            clock.advance(by: .milliseconds(500))
        }
    }

    private func run(_ stuck: String) throws -> (status: Int32, said: String, complained: String) {
        let gateway = Process()
        gateway.executableURL = URL(filePath: "/usr/bin/env")
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        gateway.arguments =
            ["\(Self.variable)=\(stuck)", own]
            + CommandLine.arguments.dropFirst().prefix { !$0.hasPrefix("--filter") }
            + ["--testing-library", "swift-testing", "--filter", "that is this process"]
        let (output, errors) = (Pipe(), Pipe())
        (gateway.standardOutput, gateway.standardError) = (output, errors)
        try gateway.run()
        let said = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complained = String(
            decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        gateway.waitUntilExit()
        #expect(gateway.terminationReason == .exit)
        return (gateway.terminationStatus, said, complained)
    }

    @Test(.ownThread, .enabled(if: stuck == nil))
    func `drives its relays to safety from their own threads, and ends with 71`() throws {
        let (status, said, complained) = try run("none")
        #expect(status == ExitStatus.lifeless.rawValue)
        #expect(said.contains("LEVEL pump 0") && said.contains("LEVEL valve 0"))
        #expect(!said.contains("ORDERLY"))
        #expect(complained.contains("terminated without an orderly stop; all relays are safe"))
    }

    @Test(.ownThread, .enabled(if: stuck == nil))
    func `says which relay is not safe, and ends all the same`() throws {
        let (status, said, complained) = try run("valve")
        #expect(status == ExitStatus.lifeless.rawValue)
        #expect(said.contains("LEVEL pump 0"))
        #expect(complained.contains("terminated without an orderly stop; not safe: valve"))
    }
}

extension ShNode { fileprivate func hop() {} }

extension Proactor {
    /// Blocks the proactor's own loop for ever.
    fileprivate func standStill() {
        while true { pause() }
    }
}

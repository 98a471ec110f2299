import Channels
import Documents
import DriverKit
import Links
import Logging
import Simulators
import Upstreams
import Vocabulary

@testable import Nodes
@testable import Proactors

/// One gateway from its start to its end: what a power cut takes away.
final class Life: Sendable {
    static let relays: [ShNodeName] = ["up", "down", "heater", "pump", "lamp"]
    static let sensors: [ShNodeName] = ["steady", "frail", "chatty"]
    static let failsafe = Duration.seconds(15)
    static let longestOn = Duration.seconds(40)
    static let rules: [ShNodeName: GuardRules] = [
        "up": GuardRules(limits: .init(minimumOffTime: .seconds(3))),
        "down": GuardRules(failsafeAfter: failsafe),
        "heater": GuardRules(
            limits: .init(maximumOnTime: longestOn, queuesWish: true), failsafeAfter: failsafe),
        "pump": GuardRules(failsafeAfter: failsafe),
        "lamp": GuardRules(limits: .init(maximumSwitchesPerHour: 6)),
    ]

    let clock: ManualClock
    let broker = SimulatedUpstream()
    let peer: SimulatedPeer
    let journal: TwinJournal
    let proactor: Proactor
    let nodes: [ShNodeName: ShNode]
    let devices: [ShNodeName: ScriptedDevice]
    private let gate: HangingCall

    init(
        disk: TwinDisk, after before: Life?, wall: WallTime, since: Duration,
        ledger: SwitchLedger, base: Int64
    ) {
        let clock = ManualClock(wall: wall)
        self.clock = clock
        journal = TwinJournal(disk)
        peer =
            before.map { [broker] in SimulatedPeer(at: broker, after: $0.peer) }
            ?? SimulatedPeer(at: broker)
        let desk = InterlockDesk(SwitchLedger.interlocks)
        let inbox = Merge<Fact>(capacity: 256)
        var nodes: [ShNodeName: ShNode] = [:]
        var devices: [ShNodeName: ScriptedDevice] = [:]
        let born = clock.now
        for name in Self.relays + Self.sensors {
            let isRelay = Self.relays.contains(name)
            let device = ScriptedDevice(isRelay ? .shows([0]) : .counts(from: base))
            devices[name] = device
            if isRelay {
                device.force(ledger.contact(name).level)
                if before?.devices[name]?.isStuck == true { device.stick() }
                device.onLevel { level in
                    ledger.moved(name, to: level, at: since + born.duration(to: clock.now))
                }
            }
            let channel = DataChannel(
                name: DataChannelName(name.text)!, node: name, source: "value",
                unit: isRelay ? .onOff : .celsius, exponent: 0,
                pollPeriod: isRelay ? .seconds(2) : .seconds(1),
                capture: CaptureRule(period: isRelay ? .seconds(60) : .seconds(1), delta: 1))
            let component = Component(
                name: ComponentName(name.text)!, model: "scripted",
                settings: Settings(
                    JsonNode(.group([]), at: Place(path: "", line: 1, column: 1)), described: []),
                channels: [channel], safeState: isRelay ? .off : nil)
            nodes[name] = ShNode(
                name: name, component: component, rules: Self.rules[name] ?? GuardRules(),
                desk: desk, outbox: inbox.source(named: name.text), clock: clock,
                open: device.opener(actuates: isRelay))
        }
        (self.nodes, self.devices) = (nodes, devices)
        gate = HangingCall(clock, devices["frail"]!)
        proactor = Proactor(
            profile: GatewayProfile(gateway: "d1.test.scada", incarnation: "\(base)", nodes: []),
            nodes: nodes.values.sorted { $0.name.text < $1.name.text }, inbox: inbox,
            journal: journal, clock: clock, chance: SeededGenerator(seed: UInt64(base)),
            logger: Logger(label: "scenario") { _ in SwiftLogNoOpLogHandler() }, interlocks: desk)
    }

    func start() async {
        await proactor.start()
        await proactor.attach(
            UpstreamPlan(
                name: "site", session: broker, codec: SimulatedPeerCodec(),
                rules: LinkRules(window: 20, attempts: 3)))
        await settle()
    }

    /// A call of the frail sensor hangs from its next poll on, for so long.
    func hang(for time: Duration) {
        gate.time.withLock { $0 = time }
        devices["frail"]?.behave(.hangs)
    }

    /// Lets everybody finish what they can do without time. Two hops to a node see a whole round of it;
    /// several, what nodes ring each other for. The sensor that may hang is not waited for.
    func settle(rounds: Int = 3) async {
        for _ in 0..<rounds {
            await withTaskGroup { group in
                for node in nodes.values where node.name != "frail" {
                    group.addTask {
                        for _ in 0..<2 { await node.hop() }
                    }
                }
            }
            await proactor.hop()
            await Task.yield()
        }
    }

    /// Moves on to each moment that somebody waits for. Returns after one of them, or at `end`.
    func step(until end: MonotonicInstant) async {
        await clock.sleepers(nodes.count + 1)
        let next = min(clock.nextDeadline ?? end, end)
        clock.advance(by: max(.zero, clock.now.duration(to: next)))
        await settle(rounds: 1)
    }

    /// The power is gone: nothing of this gateway touches the world any more. It is let go in peace.
    func cut() -> Task<Void, Never> {
        journal.cut()
        peer.leave()
        for device in devices.values { device.onLevel(nil) }
        broker.lose()
        for device in devices.values { device.release() }
        return Task { await proactor.stop() }
    }
}

/// A hanging call counts as a sleeper, and comes back when its time has come.
private final class HangingCall: Alarm {
    let time = Guarded(Duration.zero)
    private let device: ScriptedDevice

    init(_ clock: ManualClock, _ device: ScriptedDevice) {
        self.device = device
        device.onHang { [weak self] in
            guard let self else { return }
            let until = clock.now.advanced(by: self.time.withLock { $0 })
            if clock.allowance(until: until, alarm: self) != nil { self.ring() }
        }
    }

    func ring() { device.release() }
}

extension ShNode { func hop() {} }
extension Proactor { func hop() {} }

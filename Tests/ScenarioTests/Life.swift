import Channels
import Delivery
import DriverKit
import Fakes
import Layouts
import Logging
import Mqtt
import Vocabulary

@testable import Nodes
@testable import Proactors

/// One gateway from its start to its end: what a power cut takes away.
final class Life: Sendable {
    let clock: ManualClock
    let broker = SimulatedUpstream()
    let peer: SimulatedPeer
    let journal: TwinJournal
    let proactor: Proactor
    let devices: [ShNodeName: ScriptedDevice]
    let flow: AuxiliaryContact
    private let incarnation: String
    private let gate: HangingCall
    private let make: @Sendable (NodeLayout) -> ShNode

    init(
        _ layout: HardwareLayout, disk: TwinDisk, after before: Life?, wall: WallTime,
        since: Duration, ledger: SwitchLedger, base: Int64
    ) {
        let clock = ManualClock(wall: wall)
        self.clock = clock
        journal = TwinJournal(disk)
        peer =
            before.map { [broker] in SimulatedPeer(at: broker, after: $0.peer) }
            ?? SimulatedPeer(at: broker)
        let coordinator = InterlockCoordinator(layout.interlocks)
        let snapshot = ChannelSnapshot()
        let inbox = FanIn<Fact>(capacity: 128)
        var devices: [ShNodeName: ScriptedDevice] = [:]
        for name in House.sensors + [House.spare] {
            devices[name] = ScriptedDevice(.counts(from: base))
        }
        let flow = AuxiliaryContact(devices["flow"]!, shows: ledger.contact("pump").level)
        self.flow = flow
        let born = clock.now
        for name in House.relays {
            let device = ScriptedDevice(.shows([0]))
            devices[name] = device
            device.force(ledger.contact(name).level)
            if before?.devices[name]?.isStuck == true { device.stick() }
            device.onLevel { level in
                ledger.moved(name, to: level, at: since + born.duration(to: clock.now))
                if name == "pump" { flow.follow(level) }
            }
        }
        self.devices = devices
        gate = HangingCall(clock, devices["frail"]!)
        make = { [devices] node in
            ShNode(
                name: node.name, component: node.component, rules: node.rules,
                coordinator: coordinator,
                snapshot: snapshot, outbox: inbox.source(named: node.name.text), clock: clock,
                open: devices[node.name]!.opener(actuates: node.kind == .relay))
        }
        incarnation = "\(base)"
        proactor = Proactor(
            profile: Self.profile(of: layout, "\(base)"), nodes: layout.nodes.map(make),
            inbox: inbox, journal: journal, clock: clock,
            chance: SeededGenerator(seed: UInt64(base)),
            logger: Logger(label: "scenario") { _ in SwiftLogNoOpLogHandler() },
            interlocks: coordinator)
    }

    private static func profile(
        of layout: HardwareLayout, _ incarnation: String
    ) -> GatewayProfile {
        GatewayProfile(
            gateway: layout.gateway, incarnation: incarnation,
            nodes: layout.nodes.map {
                NodeProfile(
                    name: $0.name, kind: $0.kind, title: $0.title, driver: $0.component.model,
                    isSimulated: true, channels: $0.component.channels)
            })
    }

    func start() async {
        await proactor.start()
        await proactor.attach(
            UpstreamPlan(
                name: "site", session: broker, codec: SimulatedPeerCodec(),
                rules: LinkRules(window: 20, attempts: 3)))
        await settle()
    }

    /// What another layout changes, as the gateway makes it of the two.
    func replacement(from old: HardwareLayout, to new: HardwareLayout) -> Replacement {
        let diff = LayoutDiff(from: old, to: new)
        let added = new.nodes.filter { diff.touched.contains($0.name) }
        return Replacement(
            profile: Self.profile(of: new, incarnation),
            leaving: Set(diff.removed + diff.changed.map(\.name)), interlocks: new.interlocks,
            codecs: ["site": SimulatedPeerCodec()], words: diff.summary
        ) { [make] _ in added.map(make) }
    }

    /// A call of the frail sensor hangs from its next poll on, for so long.
    func hang(for time: Duration) {
        gate.begin(time)
        devices["frail"]?.behave(.hangs)
    }

    /// Lets everybody finish what they can do without time. Two hops to a node see a whole round of it;
    /// several, what relays ring each other for. Nobody rings a sensor: it works when its time has come.
    func settle(rounds: Int = 3) async {
        for _ in 0..<rounds {
            await withTaskGroup { group in
                for node in proactor.nodes.values where node.component.safeState != nil {
                    group.addTask {
                        for _ in 0..<2 { await node.hop() }
                    }
                }
            }
            await proactor.turn()
            await others()
        }
    }

    /// Returns once a task that is begun now has run, and so those that were begun before it.
    func others() async { await Task.detached {}.value }

    /// Moves on to the next moment that somebody waits for, at most to `end`.
    ///
    /// - Parameter isBusy: Whether commands are in work, which need turns of several threads.
    func step(until end: MonotonicInstant, isBusy: Bool) async {
        let count = proactor.nodes.count
        await clock.sleepers(count + 1, threads: count)
        advance(to: end)
        await settle(rounds: isBusy ? 3 : 1)
    }

    /// Time passes until `work` is done, which waits for nothing but time. Not everybody need sleep
    /// meanwhile, so it passes in small pieces.
    func drive(until work: Task<Void, Never>) async {
        let isDone = Guarded(false)
        async let _: Void = {
            await work.value
            isDone.withLock { $0 = true }
        }()
        while !isDone.withLock(\.self) {
            await settle()
            guard !isDone.withLock(\.self) else { return }
            advance(to: clock.now.advanced(by: .milliseconds(10)))
        }
    }

    private func advance(to end: MonotonicInstant) {
        let next = min(clock.nextDeadline ?? end, end)
        clock.advance(by: max(.zero, clock.now.duration(to: next)))
    }

    /// The power is gone: nothing of this gateway touches the world any more. It is released in peace.
    func cut() -> Task<Void, Never> {
        journal.cut()
        peer.leave()
        for device in devices.values { device.onLevel(nil) }
        broker.lose()
        gate.end()
        return Task { await proactor.stop() }
    }
}

/// The contact on the pump that shows what it does, until it is welded or its spring breaks.
final class AuxiliaryContact: Sendable {
    private let device: ScriptedDevice
    private let state: Guarded<(real: Int64, shown: Int64, isStuck: Bool)>

    init(_ device: ScriptedDevice, shows level: Int64) {
        self.device = device
        state = Guarded((level, level, false))
        device.behave(.shows([level]))
    }

    var shown: Int64 { state.withLock(\.shown) }
    var isStuck: Bool { state.withLock(\.isStuck) }

    func follow(_ level: Int64) { change { $0.real = level } }
    func stick(_ isStuck: Bool = true) { change { $0.isStuck = isStuck } }

    private func change(_ body: (inout (real: Int64, shown: Int64, isStuck: Bool)) -> Void) {
        state.withLock { state in
            body(&state)
            if !state.isStuck { state.shown = state.real }
            device.behave(.shows([state.shown]))
        }
    }
}

/// Each hanging call counts as a sleeper, and comes back when its time has come.
private final class HangingCall: Alarm {
    /// How long a call hangs; nil once none does any more.
    private let time = Guarded<Duration?>(.zero)
    private let device: ScriptedDevice

    init(_ clock: ManualClock, _ device: ScriptedDevice) {
        self.device = device
        device.onHang { [weak self] in
            guard let self, let time = self.hold() else { return }
            let until = clock.now.advanced(by: time)
            if clock.allowance(until: until, alarm: self) != nil { self.wake() }
        }
    }

    func begin(_ time: Duration) { self.time.withLock { $0 = time } }

    func end() {
        time.withLock { time in
            time = nil
            device.release()
        }
    }

    func wake() { device.release() }

    private func hold() -> Duration? {
        time.withLock { time in
            if time != nil { device.hold() }
            return time
        }
    }
}

extension ShNode { func hop() {} }

extension Proactor {
    func linkState(of upstream: UpstreamName) -> Link<MqttMessage>.State? {
        pumps[upstream]?.link.state
    }

    /// How many messages the upstream has sent.
    func received(from upstream: UpstreamName) -> Int64? { pumps[upstream]?.counts[.received] }
}

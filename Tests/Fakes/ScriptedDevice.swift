import CLinux
import Documents
import DriverKit
import Glibc
import Vocabulary

/// A device without a wire that does what a test sets: measure, fail, hang, flood, vanish.
public final class ScriptedDevice: Sendable {
    /// What the device does when it is asked.
    public enum Behaviour: Sendable {
        /// Shows these steps on every channel, later ones at later polls; the last one stays.
        case shows([Int64])
        /// Shows this step, and one more at each later poll.
        case counts(from: Int64)
        case fails(DriverError)
        /// Does not come back until `release()`.
        case hangs
    }

    private struct State {
        var behaviour: Behaviour
        var isPluggedIn = true
        var level: Int64 = 0
        var isStuck = false
        var opened = 0
        var asked = 0
        var events: [DriverEvent] = []
        var faults: [DataChannelName: DriverError] = [:]
        var onLevel: (@Sendable (Int64) -> Void)?
        var onHang: (@Sendable () -> Void)?

        mutating func move(to new: Int64) {
            guard new != level else { return }
            level = new
            onLevel?(new)
        }
    }

    private let state: Guarded<State>
    /// Readable while events wait.
    fileprivate let eventWakeup: Int32
    /// Readable once a hanging call may go on.
    private let gate: Int32

    public init(_ behaviour: Behaviour = .shows([0])) {
        state = Guarded(State(behaviour: behaviour))
        eventWakeup = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        gate = eventfd(0, Int32(EFD_CLOEXEC))
        precondition(eventWakeup >= 0 && gate >= 0, "no descriptor for a scripted device")
    }

    deinit {
        close(eventWakeup)
        close(gate)
    }

    /// How often a driver was made for it.
    public var opened: Int { state.withLock { $0.opened } }
    /// How often it was asked for readings.
    public var asked: Int { state.withLock { $0.asked } }
    /// The state of its one output.
    public var level: Int64 { state.withLock { $0.level } }

    public func behave(_ behaviour: Behaviour) { state.withLock { $0.behaviour = behaviour } }
    /// From now on the output stays as it is, whatever is commanded.
    public func stick() { state.withLock { $0.isStuck = true } }
    /// From now on the output follows again.
    public func loosen() { state.withLock { $0.isStuck = false } }
    public var isStuck: Bool { state.withLock { $0.isStuck } }
    /// Somebody else moves the output, or the driver does when it opens the device.
    public func force(_ level: Int64) { state.withLock { $0.move(to: level) } }

    /// Has `listener` called with every new level before anybody can see it. Nil for nobody.
    public func onLevel(_ listener: (@Sendable (Int64) -> Void)?) {
        state.withLock { $0.onLevel = listener }
    }

    /// Has `listener` called, on the thread that hangs, whenever a call begins to hang.
    public func onHang(_ listener: @escaping @Sendable () -> Void) {
        state.withLock { $0.onHang = listener }
    }

    public func unplug() { state.withLock { $0.isPluggedIn = false } }
    public func plugIn() { state.withLock { $0.isPluggedIn = true } }

    /// Lets every call that hangs, now or later, go on.
    public func release() { Self.wake(gate) }

    /// Calls that hang from now on wait for another release.
    public func hold() {
        var waiting = pollfd(fd: gate, events: Int16(POLLIN), revents: 0)
        // Sound: `waiting` outlives the call.
        guard unsafe poll(&waiting, 1, 0) == 1 else { return }
        var count: UInt64 = 0
        // Sound: at most eight bytes are written to `count`. There is something to read, and one reader.
        _ = unsafe read(gate, &count, 8)
    }

    /// From now on one channel has this fault and all others go on; nil for none.
    public func fail(_ channel: DataChannelName, _ error: DriverError?) {
        state.withLock { $0.faults[channel] = error }
    }

    fileprivate func answer(for channel: DataChannelName, _ value: Int64) -> Answer {
        if let fault = state.withLock({ $0.faults[channel] }) { return .failure(fault) }
        return .success(Reading(channel: channel, value: value))
    }

    /// Has the device speak up by itself.
    public func happen(_ events: [DriverEvent]) {
        state.withLock { $0.events += events }
        Self.wake(eventWakeup)
    }

    /// Makes the driver for this device, as `ShNode.Opener` wants it.
    public func opener(actuates: Bool = false)
        -> @Sendable (Component) throws(DriverError) -> sending any Driver
    {
        { component throws(DriverError) in
            try self.open()
            return actuates
                ? ScriptedActuator(device: self, component: component)
                : ScriptedSensor(device: self)
        }
    }

    fileprivate func open() throws(DriverError) {
        let isThere = state.withLock { state in
            state.opened += 1
            return state.isPluggedIn
        }
        guard isThere else { throw DriverError(.notConnected, "scripted device: unplugged") }
    }

    fileprivate func ask() throws(DriverError) -> Int64 {
        let behaviour: Behaviour? = state.withLock { state in
            state.asked += 1
            guard state.isPluggedIn else { return nil }
            defer {
                if case .shows(let values) = state.behaviour, values.count > 1 {
                    state.behaviour = .shows(Array(values.dropFirst()))
                } else if case .counts(let value) = state.behaviour {
                    state.behaviour = .counts(from: value + 1)
                }
            }
            return state.behaviour
        }
        switch behaviour {
        case nil: throw DriverError(.notConnected, "scripted device: unplugged")
        case .shows(let values): return values.first ?? 0
        case .counts(let value): return value
        case .fails(let error): throw error
        case .hangs:
            state.withLock(\.onHang)?()
            var waiting = pollfd(fd: gate, events: Int16(POLLIN), revents: 0)
            // Sound: `waiting` outlives the call.
            _ = unsafe poll(&waiting, 1, -1)
            return 0
        }
    }

    fileprivate func set(_ value: Int64) throws(DriverError) -> Int64 {
        _ = try ask()
        return state.withLock { state in
            if !state.isStuck { state.move(to: value) }
            return state.level
        }
    }

    fileprivate func takeEvents() throws(DriverError) -> [DriverEvent] {
        var count: UInt64 = 0
        // Sound: the descriptor does not block and at most eight bytes are written to `count`.
        _ = unsafe read(eventWakeup, &count, 8)
        let events: [DriverEvent]? = state.withLock { state in
            guard state.isPluggedIn else { return nil }
            defer { state.events = [] }
            return state.events
        }
        guard let events else { throw DriverError(.notConnected, "scripted device: unplugged") }
        return events
    }

    private static func wake(_ descriptor: Int32) {
        var one: UInt64 = 1
        // Sound: eight bytes of `one` are read during the call.
        _ = unsafe write(descriptor, &one, 8)
    }
}

private let scriptedModel = DriverDescription(
    model: DriverModel(known: "scripted"), title: "a device under the control of a test",
    wire: "none", kinds: NodeKind.allCases, settings: [], channels: [], source: "none")

private struct ScriptedSensor: EventDriver {
    static var description: DriverDescription { scriptedModel }

    let device: ScriptedDevice
    var eventDescriptor: Int32 { device.eventWakeup }
    var eventDeadline: MonotonicInstant? { nil }

    init(device: ScriptedDevice) { self.device = device }

    init(component: Component, wiring: any Wiring) throws(DriverError) {
        throw DriverError(
            .invalidComponent, "component \(component.name): it is made by a test only")
    }

    func read(_ due: [DataChannel], at now: MonotonicInstant) throws(DriverError) -> [Answer] {
        let value = try device.ask()
        return due.map { device.answer(for: $0.name, value) }
    }

    func takeEvents(at now: MonotonicInstant) throws(DriverError) -> [DriverEvent] {
        try device.takeEvents()
    }
}

private struct ScriptedActuator: Actuator {
    static var description: DriverDescription { scriptedModel }

    let device: ScriptedDevice
    let channel: DataChannelName?

    init(device: ScriptedDevice, component: Component) {
        (self.device, channel) = (device, component.channels.first?.name)
        guard let safe = component.safeState, safe != .hold, !device.isStuck else { return }
        device.force(safe == .on ? 1 : 0)
    }

    init(component: Component, wiring: any Wiring) throws(DriverError) {
        throw DriverError(
            .invalidComponent, "component \(component.name): it is made by a test only")
    }

    func read(_ due: [DataChannel], at now: MonotonicInstant) throws(DriverError) -> [Answer] {
        _ = try device.ask()
        return due.map { .success(Reading(channel: $0.name, value: device.level)) }
    }

    func apply(_ value: Int64) throws(DriverError) -> Reading {
        guard let channel else {
            throw DriverError(.invalidComponent, "a scripted actuator needs a channel")
        }
        return Reading(channel: channel, value: try device.set(value))
    }
}

import DriverKit
import Vocabulary

// Totals: where the registers of a meter stood is remembered, and a total that the driver counts can be
// set.
extension ShNode {
    /// Whether it takes commands: an actuator does, and what counts by itself.
    public nonisolated var takesCommands: Bool {
        component.safeState != nil || component.channels.contains(where: \.isSettable)
    }

    /// Goes on from where the registers stood in an earlier life.
    func recallCounters() {
        guard channels.contains(where: \.isRemembered) else { return }
        do throws(DriverError) {
            try counters.load(at: clock.now)
            reportStored()
        } catch {
            return noteStorage(error)
        }
        for index in channels.indices where channels[index].isRemembered {
            let channel = channels[index].channel
            guard let stand = counters[channel.name], stand.unit == channel.unit,
                let shown = stand.shown.nearestSteps(exponent: channel.exponent)
            else { continue }
            channels[index].check.restore(shown: shown, turns: stand.turns)
        }
    }

    /// Remembers where the registers stand now.
    ///
    /// - Parameter isLast: Whether the node ends.
    func keepCounters(isLast: Bool = false) {
        // Another one has taken its place and knows better.
        guard !isAbandoned.withLock({ $0 }) else { return }
        if counters.mustLoad(at: clock.now) { recallCounters() }
        guard counters.isLoaded else { return }
        for state in channels where state.isRemembered {
            guard let counter = state.check.counter, let last = counter.last else { continue }
            counters.note(
                state.channel.name,
                CounterStand(
                    shown: state.channel.decimal(last), unit: state.channel.unit,
                    turns: counter.turns))
        }
        do throws(DriverError) {
            guard try counters.save(at: clock.now, isLast: isLast) else { return }
            reportStored()
        } catch {
            noteStorage(error)
        }
    }

    private func reportStored() {
        report(faults.end([.storage], "node \(name): its counters are saved on disk again"))
    }

    private func noteStorage(_ error: DriverError) {
        let detail = "node \(name): its counters are not saved on disk: \(error.detail)"
        if let fault = faults.begin(.storage, detail) { report([fault]) }
    }

    /// Sets the total that the driver counts, and puts on record who did.
    func setTotal(_ command: Command) -> CommandOutcome {
        guard let index = channels.firstIndex(where: \.channel.isSettable) else {
            return .refused("node \(name): not an actuator")
        }
        let channel = channels[index].channel
        guard case .set(let total) = command.order else {
            return .refused("node \(name): its total can be set, not overridden")
        }
        guard channel.plausibility.range.contains(total) else {
            return .refused("node \(name): \(channel.text(total)) is not a valid total")
        }
        if driver == nil { openDriver(at: clock.now) }
        guard var meter = driver as? any Settable else {
            return .failed("node \(name): its device is not connected")
        }
        let stamp = clock.timestamp
        defer { driver = meter }
        do throws(DriverError) {
            let before = try meter.set(channel, to: total)
            let words =
                "channel \(channel.name): set from \(channel.text(before)) to "
                + "\(channel.text(total)) by \(command.source)"
            send(.event(GatewayEvent(.totalSet, number: total, detail: words)), at: stamp)
        } catch {
            let why = "node \(name): \(error.detail)"
            return error.kind == .unsupported ? .refused(why) : .failed(why)
        }
        channels[index].check.begin(at: total)
        channels[index].capture.reset()
        report(
            [Reading(channel: channel.name, value: total)], at: stamp, moment: stamp.monotonic)
        return .confirmed(total, at: stamp.monotonic)
    }
}

import Channels
import Vocabulary

// One task keeps the time for everything here.
extension Proactor {
    /// Looks after the nodes at each watch period, and after links and rhythms when they are due.
    func keepTime() async {
        var watch = schedule(every: Self.watchPeriod)
        var status = schedule(every: Self.statusPeriod)
        while !Task.isCancelled {
            let deadlines =
                lines.values.compactMap(\.deadline) + losses.values.compactMap(\.deadline)
            await rest(until: deadlines.reduce(watch.due, min))
            guard !Task.isCancelled else { return }
            attendLines()
            guard watch.tick(at: clock.now) != nil else { continue }
            watchNodes()
            let isStatusDue = status.tick(at: clock.now) != nil
            if isStatusDue || awaitsDrivers { hearDrivers() }
            if isStatusDue { publishStatus() }
            endNonsense(at: clock.now)
            endRivalries(at: clock.now)
            for name in lines.keys where lines[name]?.mustTryJournal == true {
                lines[name]?.mustTryJournal = false
                lines[name]?.wakeup.yield()
            }
        }
    }

    /// What watches begins again after it was late: nobody wants two looks in a row.
    private func schedule(every period: Duration) -> TickSchedule {
        TickSchedule(
            period: period, policy: .drift(tolerance: .zero),
            first: clock.now.advanced(by: period))
    }

    /// Sleeps until `deadline`, or an earlier one that `hurry` tells.
    private func rest(until deadline: MonotonicInstant) async {
        let clock = clock
        let sleep = Task {
            // Cut short by an earlier deadline or the end; the caller looks at the time anyway.
            _ = try? await clock.sleep(until: deadline)
        }
        resting = (sleep, deadline)
        await withTaskCancellationHandler {
            await sleep.value
        } onCancel: {
            sleep.cancel()
        }
        resting = nil
    }

    /// Something is due at `deadline`.
    func hurry(to deadline: MonotonicInstant) {
        guard let (sleep, end) = resting, deadline < end else { return }
        sleep.cancel()
    }

    private func attendLines() {
        for name in lines.keys.sorted(by: { $0.text < $1.text }) {
            if let deadline = lines[name]?.linkDeadline, deadline <= clock.now {
                handle(.tick, name)
            }
            reportLosses(name)
            attendSchedule(name)
        }
    }

    private func attendSchedule(_ name: UpstreamName) {
        let stamp = clock.timestamp
        let (wall, now) = (stamp.wall, stamp.monotonic)
        if let end = lines[name]?.reports?.take(wall: wall, now: now),
            let period = lines[name]?.reports?.period
        {
            let past = Duration.nanoseconds(wall.nanoseconds - end.nanoseconds)
            let event = GatewayEvent(
                .periodEnded, link: name, number: period.wholeNanoseconds,
                detail: "ended at \(end.iso8601)")
            tell(
                event,
                at: Timestamp(
                    wall: end, monotonic: now.advanced(by: .zero - past), isSynchronised: stamp.isSynchronised))
        }
        if lines[name]?.snapshots?.take(wall: wall, now: now) != nil { sendSnapshot(name) }
    }
}

import Timing
import Vocabulary

// One task keeps the time for everything here.
extension Proactor {
    /// Looks after the nodes at each watch period, and after links and rhythms when they are due.
    func keepTime() async {
        var watch = schedule(every: Self.watchPeriod)
        var status = schedule(every: Self.statusPeriod)
        while !Task.isCancelled {
            let deadlines = pumps.values.flatMap {
                [$0.deadline, $0.drops.deadline].compactMap(\.self)
            }
            await rest.sleep(until: deadlines.reduce(watch.due, min), on: clock)
            guard !Task.isCancelled else { return }
            for pump in pumps.values.sorted(by: { $0.name.text < $1.name.text }) {
                pump.attend(in: self)
            }
            guard watch.tick(at: clock.now) != nil else { continue }
            watchNodes()
            let isStatusDue = status.tick(at: clock.now) != nil
            if isStatusDue || supervisor.awaitsDrivers { supervisor.hearDrivers(in: self) }
            if isStatusDue { publishStatus() }
            endMalformed(at: clock.now)
            endRivalries(at: clock.now)
            record(progress.pace.due(at: clock.now))
            for pump in pumps.values { pump.retryJournal() }
        }
    }

    /// What watches begins again after it was late: nobody wants two looks in a row.
    private func schedule(every period: Duration) -> TickSchedule {
        TickSchedule(
            period: period, policy: .drift(tolerance: .zero),
            first: clock.now.advanced(by: period))
    }

    /// Something is due at `deadline`.
    func hurry(to deadline: MonotonicInstant) {
        rest.hurry(to: deadline)
    }
}

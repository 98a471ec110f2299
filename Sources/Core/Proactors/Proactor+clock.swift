import Channels
import Codecs
import Logging
import Vocabulary

// What the proactor does when the wall clock is set. Only labels change: everything that waits, runs out
// or comes in a rhythm is measured on the monotonic clock, which does not jump and stands still while the
// machine sleeps. How long it slept is passed on to the actuators, so that what may last only so long is over.
extension Proactor {
    func note(_ news: [ClockEvent]) {
        for news in news {
            switch news {
            case .becameSynchronised(let offset):
                progress.labelsWereOff = offset
                correctLabels(by: offset)
                let event = clockSet(
                    offset,
                    "clock synchronised; earlier timestamps are corrected by \(offset.seconds)")
                // What comes in from now on is put right on its way. The journal is read again once this is
                // reported, so it comes last.
                Task {
                    await self.journal.correctTimes(by: offset)
                    self.record(event)
                }
            case .jumped(let offset):
                record(clockSet(offset, "the clock was set by \(offset.seconds)"))
            case .slept(let time):
                logger.notice(.clockSlept, "machine resumed after a suspend of \(time.seconds)")
                for node in nodes.values { node.slept(time) }
            }
        }
    }

    /// A fact that was labelled before the time was synchronised, and comes in after. All such labels of this
    /// process are off by the same, so that none is missed and none is put right twice.
    func corrected(_ fact: Fact) -> Fact {
        guard let labelsWereOff = progress.labelsWereOff, !fact.at.isSynchronised else {
            return fact
        }
        return Fact(node: fact.node, at: fact.at.corrected(by: labelsWereOff), matter: fact.matter)
    }

    private func correctLabels(by offset: Duration) {
        let values = live.latestOfEach.filter { !$0.value.at.isSynchronised }.mapValues { value in
            LiveValue(
                node: value.node, reading: value.reading, at: value.at.corrected(by: offset))
        }
        live.send(values)
        for (key, fault) in faults.active {
            faults.active[key] = ActiveFault(
                node: fault.node, fault: fault.fault,
                since: fault.since.advanced(by: offset))
        }
        for pump in pumps.values {
            pump.offer(values.keys)
            pump.faultsChanged()
            pump.wake()
        }
    }

    private func clockSet(_ offset: Duration, _ detail: String) -> GatewayEvent {
        GatewayEvent(.clockSet, number: offset.wholeNanoseconds, detail: detail)
    }
}

extension Duration {
    /// In seconds, to the millisecond: `"-3600.000 s"`.
    fileprivate var seconds: String {
        "\(DecimalNumber(mantissa: wholeNanoseconds / 1_000_000, exponent: -3)) s"
    }
}

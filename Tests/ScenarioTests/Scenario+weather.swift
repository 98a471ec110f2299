import DriverKit
import Fakes
import Vocabulary

@testable import Proactors

// What the world does to the gateway.
extension Scenario {
    func happen() async {
        switch roll(0...99) {
        case 0..<28: command(relay(), roll(0...1))
        case 28..<38:
            fault("command storm")
            for _ in 0..<roll(5...30) { command(relay(), roll(0...1)) }
        case 38..<46: post(relay(), roll(0...1), isRetained: roll(0...3) == 0)
        case 46..<54: plug(relay())
        case 54..<59: stick(relay())
        case 59..<62:
            let isStuck = life.flow.isStuck
            if !isStuck { fault("stuck feedback") }
            life.flow.stick(!isStuck)
        case 62..<66:
            fault("late answer")
            life.hang(for: .seconds(roll(1...20)))
        case 66..<69:
            fault("failing sensor")
            life.devices["frail"]?.behave(.fails(DriverError(.timeout, "no answer")))
        case 69..<72: life.devices["frail"]?.behave(.counts(from: 200_000))
        case 72..<75:
            fault("flood")
            let channel = DataChannelName(known: "chatty")
            let at = life.clock.now
            life.devices["chatty"]?.happen(
                (0..<roll(50...500)).map {
                    DriverEvent(at: at, reading: Reading(channel: channel, value: Int64($0)))
                })
        case 75..<79: isHeard ? await silence("broker loss") { life.broker.lose() } : mend()
        case 79..<83: isHeard ? await silence("peer silence") { life.peer.freeze() } : mend()
        case 83..<87:
            fault("clock jump")
            let hours: Int64 = [1, -1, 87_600, -87_600][roll(0...3)]
            life.clock.jump(by: .seconds(hours * 3_600))
        case 87..<90:
            fault("journal holds")
            life.journal.hold()
        case 90..<92:
            note("journal commits")
            life.journal.commit()
        case 92..<96: await reload()
        default: await cutPower()
        }
        await life.settle()
    }

    private func relay() -> ShNodeName { House.relays[roll(0...(House.relays.count - 1))] }

    /// What was said before is heard before time goes on.
    private func silence(_ what: String, _ fall: () -> Void) async {
        fault(what)
        (isHeard, lastWord, posted) = (false, now, [:])
        fall()
        var heard: Int64?
        var before: Int64?
        repeat {
            before = heard
            for _ in 0..<20 { await life.proactor.turn() }
            await life.others()
            heard = await life.proactor.received(from: "site")
        } while heard != before
    }

    /// Broker and peer are back.
    func mend() {
        note("broker and peer are back")
        life.peer.thaw()
        life.broker.lose()
        posted = [:]
        life.broker.accept()
        isHeard = true
    }

    func plug(_ name: ShNodeName) {
        guard let device = life.devices[name] else { return }
        if isFaulty.remove(name) != nil {
            device.plugIn()
            device.loosen()
        } else {
            fault("unplug")
            isFaulty.insert(name)
            device.unplug()
        }
        faulty[name] = now
    }

    private func stick(_ name: ShNodeName) {
        guard !isFaulty.contains(name) else { return plug(name) }
        fault("stuck relay")
        isFaulty.insert(name)
        faulty[name] = now
        life.devices[name]?.stick()
    }

    private func cutPower() async {
        fault("power cut")
        let (before, wall) = (life, life.clock.wallTime)
        born = now
        await before.drive(until: before.cut())
        if roll(0...1) == 0 {
            // Contacts that fall off without power, the ones that need others first.
            for name in ["up", "down", "heater", "pump", "lamp"] as [ShNodeName]
            where before.devices[name]?.isStuck == false && !isFaulty.contains("heater")
                && ledger.contact(name).level == 1
            {
                ledger.moved(name, to: 0, at: born)
            }
        }
        ledger.forgetCounts()
        (asked, outcomes, holdOrders, posted, published) = ([:], [:], [:], [:], 0)
        (unordered, contradicted) = ([:], nil)
        guard let base = bases.last.map({ $0 + 10_000 }), let layout = house.layout else { return }
        bases.append(base)
        life = Life(
            layout, disk: disk, after: before, wall: wall, since: born, ledger: ledger, base: base)
        for name in isFaulty where life.devices[name]?.isStuck == false {
            life.devices[name]?.unplug()
        }
        for name in House.relays where isFaulty.contains(name) { faulty[name] = born }
        await life.drive(until: Task { [life] in await life.start() })
        // What the start switches off goes off, however short it was on.
        _ = ledger.takeEarlyEnds()
        for name in House.relays where !mayBeElsewhere(name) {
            expect(.start, ledger.contact(name).level == 0, "\(name) is on after the start")
        }
        life.broker.accept()
        (isHeard, lastWord) = (true, now)
    }
}

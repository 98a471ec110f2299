import Testing
import Vocabulary

@testable import Nodes

@Suite struct `Interlocks among relays` {
    let t0 = MonotonicInstant(nanoseconds: 0)

    /// Everything is off since `t0`.
    private func quiet(_ rules: Interlock...) -> Interlocks {
        var locks = Interlocks(rules)
        for relay in locks.states.keys { locks.note(relay, isOn: false, at: t0) }
        return locks
    }

    private func why(_ verdict: Interlocks.Verdict) -> String? {
        if case .blocked(let block) = verdict { block.why } else { nil }
    }

    private func at(_ seconds: Int) -> MonotonicInstant { t0.advanced(by: .seconds(seconds)) }

    @Test func `let at most one of a group be on, from before it is driven`() {
        var locks = quiet(.atMostOne(["up", "down"], deadTime: .zero))
        #expect(locks.ask("up", on: true, insists: false, at: at(1)) == .allowed)
        #expect(
            why(locks.ask("down", on: true, insists: false, at: at(1)))
                == "at most one of up, down may be on, and up may be on or off")
        locks.note("up", isOn: true, at: at(1))
        #expect(locks.look("down", on: true, at: at(1))?.why.contains("up is on") == true)
        #expect(locks.ask("up", on: false, insists: false, at: at(2)) == .allowed)
        #expect(locks.look("down", on: true, at: at(2)) != nil, "its off is not confirmed")
        locks.note("up", isOn: false, at: at(2))
        #expect(locks.ask("down", on: true, insists: false, at: at(2)) == .allowed)
    }

    @Test func `know an actuator from before there was a rule about it`() {
        var locks = Interlocks([])
        for (relay, isOn) in [("up", false), ("down", true)] as [(ShNodeName, Bool)] {
            #expect(locks.ask(relay, on: isOn, insists: false, at: t0) == .allowed)
            locks.note(relay, isOn: isOn, at: t0)
        }
        locks.replace([.atMostOne(["up", "down"], deadTime: .zero)])
        #expect(locks.demand(on: "down") == nil)
        #expect(locks.demand(on: "up") == nil)
        #expect(locks.look("up", on: true, at: at(1))?.why.contains("down is on") == true)
        locks.replace([.onlyWhile("up", needs: "down")], forgetting: ["down"])
        #expect(locks.look("up", on: true, at: at(1))?.why.contains("may be on or off") == true)
    }

    @Test func `let those that only wait for a confirmation go at last, and no others`() {
        var locks = Interlocks([.onlyWhile("heater", needs: "pump")])
        for relay in ["heater", "pump"] as [ShNodeName] { locks.note(relay, isOn: true, at: t0) }
        #expect(
            why(locks.ask("pump", on: false, insists: true, isLast: true, at: at(1)))?
                .contains("heater is on") == true)
        #expect(locks.ask("heater", on: false, insists: true, at: at(1)) == .allowed)
        #expect(
            why(locks.ask("pump", on: false, insists: true, isLast: true, at: at(1))) != nil,
            "it was not driven yet")
        locks.note("heater", isOn: nil, isSettling: true, at: at(1))
        #expect(why(locks.ask("pump", on: false, insists: true, at: at(1))) != nil)
        #expect(
            locks.ask("pump", on: false, insists: true, isLast: true, at: at(1)) == .allowed)
    }

    @Test func `count an unknown state as on for a group and as off for a need`() {
        let locks = Interlocks([
            .atMostOne(["up", "down"], deadTime: .zero), .onlyWhile("heater", needs: "pump"),
        ])
        #expect(locks.look("up", on: true, at: t0)?.why.contains("may be on or off") == true)
        #expect(locks.look("heater", on: true, at: t0) != nil)
        #expect(locks.demand(on: "heater") != nil)
        #expect(locks.look("pump", on: true, at: t0) == nil)
    }

    @Test func `keep a dead time between two that reverse, and say when it ends`() {
        var locks = quiet(.atMostOne(["up", "down"], deadTime: .seconds(2)))
        #expect(locks.look("up", on: true, at: at(1))?.until == at(2))
        _ = locks.ask("up", on: true, insists: false, at: at(2))
        locks.note("up", isOn: true, at: at(2))
        _ = locks.ask("up", on: false, insists: false, at: at(10))
        locks.note("up", isOn: false, at: at(11))
        let block = locks.look("down", on: true, at: at(12))
        #expect(block == .init(why: "deadTime 2s after up", until: at(13)))
        #expect(locks.look("up", on: true, at: at(11)) == nil, "its own off is no reversal")
        #expect(locks.ask("down", on: true, insists: false, at: at(13)) == .allowed)
    }

    @Test func `let one be on only while another is`() {
        var locks = quiet(.onlyWhile("heater", needs: "pump"))
        #expect(
            why(locks.ask("heater", on: true, insists: false, at: t0))
                == "it may be on only while pump is on, and pump is off")
        _ = locks.ask("pump", on: true, insists: false, at: t0)
        #expect(locks.look("heater", on: true, at: t0) != nil, "its on is not confirmed")
        locks.note("pump", isOn: true, at: t0)
        #expect(locks.ask("heater", on: true, insists: false, at: t0) == .allowed)
    }

    @Test func `have an off ripple: who needs it goes first, then the one that was asked`() {
        var locks = quiet(
            .onlyWhile("heater", needs: "pump"), .onlyWhile("pump", needs: "valve"))
        for relay in ["valve", "pump", "heater"] as [ShNodeName] {
            #expect(locks.ask(relay, on: true, insists: false, at: t0) == .allowed)
            locks.note(relay, isOn: true, at: t0)
        }
        let blocked = locks.ask("valve", on: false, insists: false, at: t0)
        #expect(why(blocked) == "pump is on; pump must be off before valve")
        #expect(locks.demand(on: "pump")?.contains("valve") == true)
        #expect(locks.demand(on: "heater") == nil)
        #expect(why(locks.ask("pump", on: false, insists: false, at: t0)) != nil)
        #expect(locks.demand(on: "heater")?.contains("pump goes off") == true)
        #expect(locks.look("heater", on: true, at: t0) != nil)
        for relay in ["heater", "pump", "valve"] as [ShNodeName] {
            #expect(locks.ask(relay, on: false, insists: false, at: t0) == .allowed)
            locks.note(relay, isOn: false, at: t0)
        }
        #expect(locks.demand(on: "pump") == nil)
    }

    @Test func `end a ripple that is given up`() {
        var locks = quiet(.onlyWhile("heater", needs: "pump"))
        for relay in ["pump", "heater"] as [ShNodeName] { locks.note(relay, isOn: true, at: t0) }
        _ = locks.ask("pump", on: false, insists: false, at: t0)
        #expect(locks.demand(on: "heater") != nil)
        locks.withdraw("pump")
        #expect(locks.demand(on: "heater") == nil)
    }

    @Test func `demand off at once what runs without what it needs`() {
        var locks = quiet(.onlyWhile("heater", needs: "pump"))
        for relay in ["pump", "heater"] as [ShNodeName] { locks.note(relay, isOn: true, at: t0) }
        #expect(locks.demand(on: "heater") == nil)
        locks.note("pump", isOn: nil, at: t0)
        #expect(
            locks.demand(on: "heater")
                == "it may be on only while pump is on, and pump may be on or off")
        locks.note("heater", isOn: false, at: t0)
        #expect(locks.demand(on: "heater") == nil)
    }

    @Test func `have others yield to a safe state that is on`() {
        var locks = quiet(.atMostOne(["frost", "boost"], deadTime: .seconds(1)))
        locks.note("boost", isOn: true, at: t0)
        let verdict = locks.ask("frost", on: true, insists: true, at: at(1))
        guard case .blocked(let block) = verdict else {
            Issue.record("two of a group would be on")
            return
        }
        #expect(block.isPassing)
        #expect(locks.demand(on: "boost")?.contains("frost is driven to its safe state") == true)
        locks.note("boost", isOn: false, at: at(1))
        #expect(locks.look("boost", on: true, at: at(5)) != nil)
        #expect(locks.ask("frost", on: true, insists: true, at: at(2)) == .allowed)
    }

    @Test func `let the first stay on when two were put on by hand`() {
        var locks = Interlocks([.atMostOne(["up", "down"], deadTime: .zero)])
        locks.note("down", isOn: true, at: t0)
        locks.note("up", isOn: true, at: t0)
        #expect(locks.demand(on: "up") == nil)
        #expect(locks.demand(on: "down")?.contains("up is on") == true)
    }

    @Test func `know after a reload what they knew before`() {
        var locks = quiet(.atMostOne(["up", "down"], deadTime: .zero))
        locks.note("up", isOn: true, at: t0)
        locks.replace([.atMostOne(["up", "side"], deadTime: .zero)])
        #expect(locks.states["up"] == .on)
        #expect(locks.states["side"] == .unknown)
        locks.replace([.atMostOne(["up", "down"], deadTime: .zero)])
        #expect(locks.states["down"]?.isOff == true, "no rule was about it for a while")
    }

    @Test func `are no matter for relays that they do not name`() {
        var locks = quiet(.onlyWhile("heater", needs: "pump"))
        #expect(locks.look("lamp", on: true, at: t0) == nil)
        #expect(locks.ask("lamp", on: true, insists: false, at: t0) == .allowed)
        #expect(locks.demand(on: "lamp") == nil)
    }
}

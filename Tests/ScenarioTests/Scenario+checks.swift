import Nodes
import Vocabulary

@testable import Proactors

// What must hold at every moment.
extension Scenario {
    func check() async {
        figures.steps += 1
        for (promise, words) in ledger.breaches { expect(promise, false, words) }
        figures.checks[.interlocks] = ledger.switches
        for end in ledger.takeEarlyEnds() {
            expect(
                .limits, mayEndEarly(end.relay, at: end.at),
                "\(end.relay) goes off \(end.after) after it went on")
        }
        if isHeard { lastWord = now }
        for name in House.relays { check(name) }
        checkFeedback()
        await checkAnswers()
        for name in ["steady", "flow"] as [ShNodeName] {
            guard let heartbeat = life.proactor.nodes[name]?.heartbeat.reading else { continue }
            expect(
                .schedule,
                heartbeat.counts[.skipped] == 0 && heartbeat.counts[.failures] == 0
                    && heartbeat.worstLateness <= .milliseconds(50),
                "node \(name) lost its rhythm: \(heartbeat)")
        }
    }

    private func check(_ name: ShNodeName) {
        let control = life.proactor.control(of: name)
        if let until = control?.until {
            let over = until.duration(to: life.clock.now)
            expect(.hold, over <= Self.grace, "\(name) is held \(over) beyond its time")
        }
        let contact = ledger.contact(name)
        guard contact.level == 1, !mayBeElsewhere(name) else {
            unordered[name] = nil
            return
        }
        let rules = rules[name]
        if let silence = rules?.failsafeAfter {
            // A command's word counts once its turn has come.
            let turn = CommandDeadline.answerTime + (rules?.feedback?.within ?? .zero)
            expect(
                .silence, now - lastWord <= silence + turn + Self.grace,
                "\(name) is on \(now - lastWord) after the last word")
        }
        if let longest = rules?.limits.maximumOnTime, let since = contact.changed {
            expect(
                .overtime, now - since <= longest + Self.grace, "\(name) is on for \(now - since)")
        }
        if let least = rules?.limits.minimumOffTime ?? rules?.limits.minimumOnTime {
            // Reported by the ledger, at the moment of the switch.
            expect(.limits, least > .zero, "")
        }
        unordered[name] = control?.controller == nil ? unordered[name] ?? now : nil
        let since = unordered[name] ?? now
        expect(
            .ordered, now - since <= Self.grace,
            "\(name) is on for \(now - since) by nobody's order")
    }

    /// The pump's feedback shows another state than its contact has.
    private func checkFeedback() {
        guard let rule = rules["pump"]?.feedback else { return }
        let contact = ledger.contact("pump")
        guard contact.level == 1, life.flow.shown == 0, !mayBeElsewhere("pump") else {
            contradicted = nil
            return
        }
        // Between two looks it may have been off and on again.
        let since = max(contradicted ?? now, contact.changed ?? now)
        contradicted = since
        // The contact is read each second, and so is what was read.
        expect(
            .feedback, now - since <= rule.within + .seconds(2) + Self.grace,
            "the pump is on for \(now - since) while its feedback shows that it is off")
    }

    /// Its own device had a fault lately, or that of one that it waits for had.
    func mayBeElsewhere(_ name: ShNodeName) -> Bool {
        let others: [ShNodeName: ShNodeName] = [
            "pump": "heater", "heater": "pump", "up": "down", "down": "up",
        ]
        return [name, others[name]].compactMap(\.self).contains { name in
            isFaulty.contains(name) || faulty[name].map { now - $0 < Self.excuse } == true
        }
    }

    /// Safety, and the end of a hold, go before minimum times.
    private func mayEndEarly(_ name: ShNodeName, at moment: Duration) -> Bool {
        let longestHold = Duration.seconds(10)
        return mayBeElsewhere(name)
            || holdOrders[name].map { moment - $0.last <= longestHold + Self.grace } == true
    }
}

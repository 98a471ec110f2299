import Nodes
import Vocabulary

/// Every change of every contact, at the moment at which it happens, held against the rules. It knows
/// nothing of what the gateway thinks.
final class SwitchLedger: Sendable {
    struct Contact {
        var level: Int64 = 0
        var changed: Duration?
        /// Changes since the node that counts them was started.
        var changes: [Duration] = []
    }

    /// A relay that went off before its minimum on time, as it may for safety's sake only.
    struct EarlyEnd {
        let relay: ShNodeName
        let at: Duration
        let after: Duration
    }

    struct Book {
        var contacts: [ShNodeName: Contact] = [:]
        var breaches: [(Promise, String)] = []
        var earlyEnds: [EarlyEnd] = []
        var switches = 0
    }

    private let book = Guarded(Book())
    let interlocks: [Interlock]
    let rules: [ShNodeName: GuardRules]

    init(_ rules: [ShNodeName: GuardRules], _ interlocks: [Interlock]) {
        (self.rules, self.interlocks) = (rules, interlocks)
    }

    var breaches: [(Promise, String)] { book.withLock(\.breaches) }
    var switches: Int { book.withLock(\.switches) }
    func contact(_ name: ShNodeName) -> Contact { book.withLock { $0.contacts[name] ?? Contact() } }

    func takeEarlyEnds() -> [EarlyEnd] {
        book.withLock { book in
            defer { book.earlyEnds = [] }
            return book.earlyEnds
        }
    }

    /// A node that starts counts again.
    func forgetCounts(of relays: [ShNodeName] = House.relays) {
        book.withLock { for name in relays { $0.contacts[name]?.changes = [] } }
    }

    func moved(_ name: ShNodeName, to level: Int64, at now: Duration) {
        book.withLock { book in
            let before = book.contacts[name] ?? Contact()
            book.switches += 1
            book.contacts[name] = Contact(
                level: level, changed: now, changes: before.changes + [now])
            for rule in interlocks { Self.check(rule, name, level, at: now, &book) }
            guard let limits = rules[name]?.limits else { return }
            let age = before.changed.map { now - $0 }
            guard level == 1 else {
                if let least = limits.minimumOnTime, let age, age < least {
                    book.earlyEnds.append(EarlyEnd(relay: name, at: now, after: age))
                }
                return
            }
            if let least = limits.minimumOffTime, let age, age < least {
                book.breaches.append((.limits, "\(name) goes on \(age) after it went off"))
            }
            if let most = limits.maximumSwitchesPerHour,
                before.changes.filter({ now - $0 < .seconds(3_600) }).count >= most
            {
                book.breaches.append((.limits, "\(name) is switched too often in an hour"))
            }
        }
    }

    private static func check(
        _ rule: Interlock, _ name: ShNodeName, _ level: Int64, at now: Duration, _ book: inout Book
    ) {
        func isOn(_ name: ShNodeName) -> Bool { book.contacts[name]?.level == 1 }
        switch rule {
        case .onlyWhile(let relay, let needs):
            if isOn(relay), !isOn(needs), relay == name || needs == name {
                book.breaches.append((.interlocks, "\(relay) is on without \(needs)"))
            }
        case .atMostOne(let relays, let deadTime):
            guard level == 1, relays.contains(name) else { return }
            for other in relays where other != name {
                if isOn(other) {
                    book.breaches.append((.interlocks, "\(name) and \(other) are on"))
                }
                if let off = book.contacts[other]?.changed, now - off < deadTime {
                    book.breaches.append(
                        (.interlocks, "\(name) goes on \(now - off) after \(other)"))
                }
            }
        }
    }
}

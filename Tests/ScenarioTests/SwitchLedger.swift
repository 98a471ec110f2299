import Nodes
import Vocabulary

/// Every change of every contact, at the moment at which it happens, held against the rules. It knows
/// nothing of what the gateway thinks.
final class SwitchLedger: Sendable {
    static let interlocks: [Interlock] = [
        .atMostOne(["up", "down"], deadTime: .seconds(2)), .onlyWhile("heater", needs: "pump"),
    ]

    struct Contact {
        var level: Int64 = 0
        var changed: Duration?
        /// Changes since the gateway that counts them was started.
        var changes: [Duration] = []
    }

    struct Book {
        var contacts: [ShNodeName: Contact] = [:]
        var breaches: [String] = []
        var switches = 0
    }

    let book = Guarded(Book())
    let rules: [ShNodeName: GuardRules]

    init(_ rules: [ShNodeName: GuardRules]) { self.rules = rules }

    var breaches: [String] { book.withLock(\.breaches) }
    var switches: Int { book.withLock(\.switches) }
    func contact(_ name: ShNodeName) -> Contact { book.withLock { $0.contacts[name] ?? Contact() } }

    /// A gateway that starts counts anew.
    func forgetCounts() {
        book.withLock { for name in $0.contacts.keys { $0.contacts[name]?.changes = [] } }
    }

    func moved(_ name: ShNodeName, to level: Int64, at now: Duration) {
        book.withLock { book in
            let before = book.contacts[name] ?? Contact()
            book.switches += 1
            book.contacts[name, default: Contact()].level = level
            book.contacts[name]?.changed = now
            book.contacts[name]?.changes.append(now)
            func isOn(_ name: ShNodeName) -> Bool { book.contacts[name]?.level == 1 }
            for rule in Self.interlocks {
                switch rule {
                case .onlyWhile(let relay, let needs):
                    if isOn(relay), !isOn(needs), relay == name || needs == name {
                        book.breaches.append("\(relay) is on without \(needs)")
                    }
                case .atMostOne(let relays, let deadTime):
                    guard level == 1, relays.contains(name) else { continue }
                    for other in relays where other != name {
                        if isOn(other) { book.breaches.append("\(name) and \(other) are on") }
                        if let off = book.contacts[other]?.changed, now - off < deadTime {
                            book.breaches.append("\(name) goes on \(now - off) after \(other)")
                        }
                    }
                }
            }
            guard level == 1, let limits = rules[name]?.limits else { return }
            if let least = limits.minimumOffTime, let last = before.changed, now - last < least {
                book.breaches.append("\(name) goes on \(now - last) after it went off")
            }
            if let most = limits.maximumSwitchesPerHour,
                before.changes.filter({ now - $0 < .seconds(3_600) }).count >= most
            {
                book.breaches.append("\(name) is switched too often in an hour")
            }
        }
    }
}

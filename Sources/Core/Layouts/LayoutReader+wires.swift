import Documents
import DriverKit
import Vocabulary

extension LayoutReader {
    /// Reports wires that are used twice and buses that cannot carry their polls.
    mutating func checkWires(of nodes: [NodeDraft]) {
        var claims = WireClaims()
        var lines = UsedLines()
        var traffic: [BusTraffic] = []
        for (name, draft) in buses {
            guard case .serial(let settings) = draft.bus.line else { continue }
            // Two buses on one port have been reported.
            _ = claims.take([WireClaim(.serial(port: settings.port))], by: "bus \(name)")
        }
        for node in nodes {
            guard let driver = node.driver, let component = node.component,
                let componentNode = node.componentNode
            else { continue }
            // To find out the path costs as much as the text before it.
            let user =
                node.name?.text ?? (problems.hasRoom ? node.section.place.path : "without a name")
            do throws(DriverError) {
                if let clash = claims.take(
                    try driver.type.claims(of: component), by: "node \(user)")
                {
                    report(componentNode.place, clash)
                }
                traffic += try driver.type.traffic(of: component)
            } catch {
                report(error, in: componentNode)
            }
            for value in driver.lineSettings {
                guard let address = value.text.flatMap(LineAddress.init),
                    let message = lines.take(address, by: user)
                else { continue }
                report(value.place, message)
            }
        }
        let ofBus = Dictionary(grouping: traffic, by: \.bus)
        for (name, draft) in buses {
            let plan = BusPlan(bus: draft.bus, traffic: ofBus[name] ?? [])
            guard let problem = plan.problem else { continue }
            report(draft.place, problem)
        }
    }
}

extension ComponentDraft.KnownDriver {
    /// The settings that name GPIO lines.
    fileprivate var lineSettings: [JsonNode] {
        type.description.settings.flatMap { setting in
            settings[setting.name]?
                .values(of: setting.form) { if case .line = $0 { true } else { false } } ?? []
        }
    }
}

/// What is claimed so far, and by which node.
private struct WireClaims {
    /// By wire.
    private var users: [String: (claim: WireClaim, user: String)] = [:]

    /// - Returns: What to report when some of `claims` belong to another; one line, however many.
    mutating func take(_ claims: [WireClaim], by user: String) -> String? {
        var clashes: [(claim: WireClaim, user: String)] = []
        for claim in claims {
            guard let first = users[claim.wire] else {
                users[claim.wire] = (claim, user)
                continue
            }
            if claim.shared == nil || claim.shared != first.claim.shared {
                clashes.append((claim, first.user))
            }
        }
        guard let clash = clashes.first else { return nil }
        let whose = clash.user == user ? "twice here" : "already by \(clash.user)"
        let more = clashes.count > 1 ? ", and \(clashes.count - 1) more" : ""
        return "\(clash.claim) is used \(whose)\(more)"
    }
}

/// Line names with and without their chip, which may mean the same line.
private struct UsedLines {
    /// The first of each line name that has a chip, and the first that has none.
    private var users: [String: (apart: (LineAddress, String)?, bare: (LineAddress, String)?)] = [:]

    /// - Returns: What to report when `address` may be the line of another.
    mutating func take(_ address: LineAddress, by user: String) -> String? {
        guard case .name(let name) = address.line else { return nil }
        let known = users[name] ?? (nil, nil)
        if address.chip == nil {
            users[name] = (known.apart, known.bare ?? (address, user))
        } else {
            users[name] = (known.apart ?? (address, user), known.bare)
        }
        let other: (address: LineAddress, user: String)? =
            address.chip == nil ? known.apart : known.bare
        guard let other else { return nil }
        return
            "\(address) may be the same line as \(other.address) of node \(other.user); name the chip "
            + "in both"
    }
}

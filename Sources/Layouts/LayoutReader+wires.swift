import Documents
import DriverKit
import Vocabulary

extension LayoutReader {
    /// Tells of wires that are used twice and of buses that cannot carry their polls.
    mutating func checkWires(of nodes: [NodeDraft]) {
        var claimed: [String: String] = [:]
        var lines = LineBook()
        var traffic: [BusTraffic] = []
        for node in nodes {
            guard let driver = node.driver, let component = node.component,
                let componentNode = node.componentNode
            else { continue }
            let user = node.name?.text ?? componentNode.place.path
            do throws(DriverError) {
                for claim in try driver.type.claims(of: component) {
                    if let first = claimed[claim.wire] {
                        let whose = first == user ? "twice here" : "already by node \(first)"
                        tell(componentNode.place, "\(claim) is used \(whose)")
                    } else {
                        claimed[claim.wire] = user
                    }
                }
                traffic += try driver.type.traffic(of: component)
            } catch {
                tell(error, in: componentNode)
            }
            for setting in driver.type.description.settings {
                let values =
                    driver.settings[setting.name]?
                    .values(of: setting.form) { if case .line = $0 { true } else { false } } ?? []
                for value in values {
                    guard let address = value.text.flatMap(LineAddress.init),
                        let message = lines.take(address, by: user)
                    else { continue }
                    tell(value.place, message)
                }
            }
        }
        for (name, draft) in buses {
            let onBus = traffic.filter { $0.bus == name }
            guard let problem = BusPlan(bus: draft.bus, traffic: onBus).problem else { continue }
            tell(draft.place, problem)
        }
    }
}

/// Line names with and without their chip, which may mean the same line.
private struct LineBook {
    private var users: [String: [(address: LineAddress, user: String)]] = [:]

    /// - Returns: What to tell when `address` may be the line of another.
    mutating func take(_ address: LineAddress, by user: String) -> String? {
        guard case .name(let name) = address.line else { return nil }
        defer { users[name, default: []].append((address, user)) }
        guard
            let other = users[name]?.first(where: {
                $0.address != address && ($0.address.chip == nil || address.chip == nil)
            })
        else { return nil }
        return "\(address) may be the line \(other.address) of node \(other.user); name the chip "
            + "in both"
    }
}

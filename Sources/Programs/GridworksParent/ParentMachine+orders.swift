import Mqtt
import Vocabulary

// What users ask for, and what children answer.
extension ParentMachine {
    /// A user has typed a line.
    public mutating func take(
        line: String, at now: MonotonicInstant, wall: WallTime
    ) -> [Action] {
        guard !line.allSatisfy({ $0 == " " || $0 == "\t" || $0 == "\r" }) else { return [] }
        guard let order = ParentOrder(line) else {
            return [.report(.problem(nil, "\"\(line.prefix(80))\" must be \(ParentOrder.form)"))]
        }
        return take(order, at: now, wall: wall)
    }

    /// A user gives an order. `quit` is the caller's to obey.
    public mutating func take(
        _ order: ParentOrder, at now: MonotonicInstant, wall: WallTime
    ) -> [Action] {
        let alias: GatewayName
        switch order {
        case .quit: return []
        case .set(let name, _, _), .snapshot(let name), .layout(let name): alias = name
        }
        guard let child = children[alias] else {
            return refuse(nil, "\(alias) is not a child of this parent")
        }
        guard child.link.state == .active else {
            return refuse(
                alias, "the link to \(alias) is \(child.reportedState.word), not connected")
        }
        switch order {
        case .quit: return []
        case .snapshot: return [.publish(codec.sendSnapshot(to: child.child), to: alias)]
        case .layout:
            return [.publish(codec.sendLayout(to: child.child, at: wall), to: alias)]
        case .set(_, let node, let value):
            guard child.offers != nil else {
                guard child.waiting.count < Self.mostWaiting else {
                    return refuse(
                        alias, "\(child.waiting.count) orders are queued for its layout")
                }
                children[alias]?.waiting.append((order, now, now.advanced(by: ackTimeout)))
                guard child.waiting.isEmpty else { return [] }
                return [.publish(codec.sendLayout(to: child.child, at: wall), to: alias)]
            }
            return set(node, to: value, at: child, now: now, wall: wall)
        }
    }

    private mutating func set(
        _ node: String, to value: String, at child: Child, now: MonotonicInstant, wall: WallTime
    ) -> [Action] {
        let alias = child.child.alias
        guard pending.count < Self.mostPending else {
            return refuse(alias, "\(pending.count) orders are in work")
        }
        let offer = child.offers?[node]
        let handle = child.handles[node] ?? offer?.handle ?? "\(shortName).\(node)"
        guard
            handle.split(separator: ".", maxSplits: 2).dropLast()
                .elementsEqual([Substring(shortName)])
        else {
            return refuse(
                alias, "\(node) is controlled by the boss of \(handle), not by \(shortName)")
        }
        let identity = GridworksParentCodec.identity(using: &chance)
        let message: MqttMessage
        if let words = offer?.words {
            let event =
                switch value {
                case "on": words.energizingEvent
                case "off": words.deEnergizingEvent
                default: value
                }
            guard [words.energizingEvent, words.deEnergizingEvent].contains(event) else {
                return refuse(
                    alias,
                    "\(node): \"\(value)\" must be on, off, \(words.energizingEvent) or "
                        + words.deEnergizingEvent)
            }
            message = codec.command(
                event, of: words.eventType, to: handle, at: child.child, trigger: identity,
                now: wall)
        } else {
            guard let number = Int64(value) else {
                let relays = (child.offers ?? [:]).keys.sorted().joined(separator: ", ")
                return refuse(
                    alias,
                    "\(node) is not a relay of \(alias), and \"\(value)\" not a whole number; "
                        + "its relays are \(relays.isEmpty ? "none" : relays)")
            }
            message = codec.command(
                value: number, about: node, to: handle, at: child.child, trigger: identity,
                now: wall)
        }
        pending.append(
            Pending(
                identity: identity, child: alias, node: node, since: now,
                until: now.advanced(by: Self.commandTime)))
        return [
            .publish(message, to: alias),
            .report(.sent(alias, identity: identity, "set \(node) \(value)")),
        ]
    }

    private mutating func refuse(_ child: GatewayName?, _ why: String) -> [Action] {
        let identity = GridworksParentCodec.identity(using: &chance)
        return [.report(.answer(child, identity: identity, .refused, why))]
    }

    // MARK: Answers

    /// A child says what it is made of.
    mutating func learn(
        _ offers: [GridworksRelayOffer], of name: GatewayName, at now: MonotonicInstant,
        wall: WallTime
    ) -> [Action] {
        let waiting = children[name]?.waiting ?? []
        children[name]?.offers = Dictionary(offers.map { ($0.node, $0) }) { _, last in last }
        children[name]?.handles = [:]
        children[name]?.waiting = []
        return waiting.flatMap { take($0.order, at: now, wall: wall) }
    }

    /// A child has heard one of our messages.
    mutating func acknowledged(_ identity: String, by name: GatewayName) {
        guard
            let index = pending.firstIndex(where: { $0.identity == identity && $0.child == name })
        else { return }
        pending[index].wasTaken = true
    }

    /// An answer bears the identity of an order.
    mutating func settle(
        _ identity: String, _ outcome: ParentLine.Outcome, _ words: String
    ) -> [Action] {
        guard let index = pending.firstIndex(where: { $0.identity == identity }) else { return [] }
        let order = pending.remove(at: index)
        return [.report(.answer(order.child, identity: identity, outcome, words))]
    }

    /// A glitch names a node and no order: it is the answer to the oldest one there.
    mutating func settle(atNode node: String, of name: GatewayName, _ words: String) -> [Action] {
        guard let order = pending.first(where: { $0.child == name && $0.node == node })
        else { return [] }
        return settle(order.identity, .refused, words)
    }

    /// Orders whose time is over.
    mutating func endOrders(at now: MonotonicInstant) -> [Action] {
        var actions: [Action] = []
        for order in pending where order.until <= now {
            actions += settle(
                order.identity, order.wasTaken ? .taken : .timedOut,
                order.wasTaken
                    ? "\(order.node): the order was acknowledged, and no report followed"
                    : "\(order.node): no answer within \(Self.commandTime.layoutText)")
        }
        for name in children.keys.sorted() {
            let over = children[name]?.waiting.filter { $0.until <= now } ?? []
            guard !over.isEmpty else { continue }
            children[name]?.waiting.removeAll { $0.until <= now }
            for _ in over {
                actions += refuse(
                    name, "\(name) has sent no layout, so it cannot be commanded")
            }
        }
        return actions
    }
}

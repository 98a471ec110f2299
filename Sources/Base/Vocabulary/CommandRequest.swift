/// An order in the words of a requester, before it is known in which steps the node takes it.
public enum CommandRequest: Hashable, Sendable {
    case set(CommandValue)
    /// No other controller may command the node for so long; set it to the value unless that is nil.
    case override(CommandValue?, for: Duration)
    case release
}

/// A value in the words of a requester: on or off, or a number in the unit of the channel.
public enum CommandValue: Hashable, Sendable {
    case flag(Bool)
    case number(DecimalNumber)

    /// - Returns: Nil for what is neither on, off, true, false nor a number.
    public init?(_ text: some StringProtocol) {
        switch text.lowercased() {
        case "on", "true": self = .flag(true)
        case "off", "false": self = .flag(false)
        default:
            guard let number = DecimalNumber(text) else { return nil }
            self = .number(number)
        }
    }
}

extension Command {
    /// The command that a request to a gateway of that profile is. Whatever was received in text becomes a
    /// command here, wherever it came from.
    ///
    /// - Parameter node: As the requester wrote it.
    /// - Throws: When no such node takes commands, or not this one.
    public init(
        _ request: CommandRequest, to node: String, of profile: GatewayProfile, id: CommandID,
        source: CommandSource, expires: WallTime? = nil, startBy: MonotonicInstant? = nil
    ) throws(CommandRefusal) {
        let channel = try profile.commanded(node)
        let order: Order =
            switch request {
            case .set(let value): .set(try channel.steps(value))
            case .override(nil, let time): .override(value: nil, for: time)
            case .override(let value?, let time):
                .override(value: try channel.steps(value), for: time)
            case .release: .release
            }
        self.init(
            id: id, node: channel.node, order: order, source: source, expires: expires,
            startBy: startBy)
    }
}

extension GatewayProfile {
    /// The channel that commands to a node set.
    fileprivate func commanded(_ name: String) throws(CommandRefusal) -> DataChannel {
        guard let node = nodes.first(where: { $0.name.text == name }) else {
            let takers = nodes.filter { $0.commanded != nil }.map(\.name.text)
            // A topic has up to 64 KiB, and what is meant is sought at a cost that grows with it.
            let start = String(name.prefix(64))
            throw CommandRefusal(
                "node \(start): is not of this gateway\(didYouMean(start, among: takers))")
        }
        guard let channel = node.commanded else {
            throw CommandRefusal("node \(name): is a \(node.kind.rawValue), not an actuator")
        }
        return channel
    }
}

extension DataChannel {
    fileprivate func steps(_ value: CommandValue) throws(CommandRefusal) -> Int64 {
        let number: DecimalNumber
        switch value {
        case .flag(let isOn):
            guard unit == .onOff else {
                throw CommandRefusal("node \(node): takes a number in \(unit.rawValue)")
            }
            number = DecimalNumber(mantissa: isOn ? 1 : 0)
        case .number(let given):
            guard unit != .onOff || given.mantissa == 0 || given.wholeSteps(exponent: 0) == 1 else {
                throw CommandRefusal("node \(node): takes on, off, 1 or 0, not \(given)")
            }
            number = given
        }
        guard let steps = number.wholeSteps(exponent: exponent) else {
            throw CommandRefusal(
                "node \(node): \(number) is not a whole number of steps of \(decimal(1)) "
                    + unit.rawValue)
        }
        return steps
    }
}

import Documents
import Vocabulary

extension LayoutImport {
    /// One node for a power meter, with a register and a channel for each of its series.
    mutating func addMeter(
        _ node: GridworksNode, _ component: GridworksComponent, host: String?, port: Int64?,
        _ configs: [GridworksConfig]
    ) {
        let name = node.name
        var comments = [origin(component, node)]
        let hasRegisters = configs.contains { $0.register != nil }
        let isSimulated = component.isSimulated || !hasRegisters || host == nil
        if component.isSimulated {
            simulated.append("\(describe(node)): simulated there already")
        } else if isSimulated {
            simulated.append(
                "\(describe(node)): the GridWorks layout does not define its registers")
            todo.append(
                "node \(name): fill in bus, unit, registers and their addresses from the manual of "
                    + component.makeModel)
            comments += [
                "FILL IN: host or port of the bus, the unit, and address and type of each register;",
                "then remove \"simulated\" from the bus.",
            ]
        }
        var registers: [LayoutText] = []
        var series: [LayoutText] = []
        for config in configs {
            guard
                let register = register(
                    config, of: component, nth: registers.count, isSimulated: isSimulated)
            else { continue }
            registers.append(register)
            series.append(channel(config, of: component, on: name, source: config.channel))
        }
        guard !registers.isEmpty else {
            leftOut.append("\(describe(node)): none of its channels can be read here")
            return
        }
        let bus = bus(for: name, host: host, port: port, isSimulated: isSimulated)
        nodes.append(
            .noted(
                comments,
                .object(
                    title(
                        node.title ?? component.title,
                        [("name", .text(name)), ("kind", .text("meter"))]) + [
                            (
                                "component",
                                .object([
                                    ("driver", .text("modbus-meter")), ("bus", .text(bus)),
                                    ("unit", .whole(1)), ("registers", .list(registers)),
                                ])
                            ), ("channels", .list(series)),
                        ])))
    }

    private mutating func bus(
        for node: String, host: String?, port: Int64?, isSimulated: Bool
    ) -> String {
        let address = "\(host ?? "\(node).invalid"):\(port ?? 502)"
        if !isSimulated, let known = busNames[address] { return known }
        if !isSimulated { busNames[address] = node }
        // No two buses have one host, and a simulated one has none at all.
        let members: [(name: String, value: LayoutText)] = [
            ("name", .text(node)), ("host", .text(isSimulated ? "\(node).invalid" : host ?? "")),
        ]
        let place: [(name: String, value: LayoutText)] =
            isSimulated ? [("simulated", .flag(true))] : [("tcpPort", .whole(port ?? 502))]
        buses.append(.object(members + place))
        return node
    }

    /// Nil, and reported, for what the driver cannot read.
    private mutating func register(
        _ config: GridworksConfig, of component: GridworksComponent, nth: Int, isSimulated: Bool
    ) -> LayoutText? {
        let name = config.channel
        guard let channel = source.channel(named: name),
            let telemetry = GridworksWords.telemetries[channel.telemetry] ?? nil
        else {
            leftOut.append("channel \(name): \(noUnit(source.channel(named: name)?.telemetry))")
            return nil
        }
        var address = Int64(2 * nth)
        var type = "float32"
        var scale = DecimalNumber(mantissa: 1)
        if let register = config.register {
            guard let known = GridworksWords.egaugeTypes[register.type] else {
                leftOut.append(
                    "channel \(name): eGauge registers of type \(register.type) are not numbers")
                return nil
            }
            guard let factor = inverse(of: register.denominator) else {
                leftOut.append(
                    "channel \(name): its Denominator \(register.denominator) is not a power of ten"
                )
                return nil
            }
            (address, type, scale) = (register.address, known, factor)
        }
        var members: [(name: String, value: LayoutText)] = [
            ("name", .text(name)), ("address", .whole(address)), ("type", .text(type)),
            ("unit", .text(telemetry.unit.rawValue)), ("exponent", .whole(-config.exponent)),
        ]
        if scale.exponent != 0 { members.insert(("scale", .number(scale)), at: 3) }
        return .object(members)
    }

    private func inverse(of denominator: Int64) -> DecimalNumber? {
        var rest = denominator
        var exponent = 0
        while rest >= 10, rest % 10 == 0 { (rest, exponent) = (rest / 10, exponent - 1) }
        return rest == 1 ? DecimalNumber(mantissa: 1, exponent: exponent) : nil
    }

    /// A channel of a node here, with its periods and what counts as a change.
    mutating func channel(
        _ config: GridworksConfig, of component: GridworksComponent, on node: String,
        source: String? = nil
    ) -> LayoutText {
        owners[config.channel] = node
        let poll = config.poll ?? component.leastPoll ?? .seconds(1)
        var members: [(name: String, value: LayoutText)] = [
            ("name", .text(config.channel)),
            ("pollPeriod", .text(min(poll, config.capture).layoutText)),
            ("capturePeriod", .text(config.capture.layoutText)),
        ]
        if let source { members.insert(("source", .text(source)), at: 0) }
        if !config.isAsync {
            members.append(("captureOnChange", .flag(false)))
        } else if let delta = config.delta, config.relay == nil {
            let number = DecimalNumber(mantissa: delta, exponent: -Int(config.exponent))
            members.append(("captureDelta", .number(number)))
        }
        return .object(members)
    }

    /// `members` and, where there is one, the title.
    func title(
        _ title: String?, _ members: [(name: String, value: LayoutText)]
    ) -> [(name: String, value: LayoutText)] {
        title.map { members + [("title", .text($0))] } ?? members
    }
}

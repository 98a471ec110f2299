import Vocabulary

extension LayoutImport {
    /// The component that has an output for `node`, which names none itself, and the output.
    func output(
        of node: GridworksNode
    ) -> (component: GridworksComponent, config: GridworksConfig, address: Int64, pin: Int64)? {
        for component in source.components {
            guard case .outputs(let addresses, let configs) = component.form else { continue }
            for config in configs {
                guard case .output(let index, _) = config.detail,
                    source.channel(named: config.channel)?.about == node.name,
                    Int(index - 1) / 2 < addresses.count
                else { continue }
                return (component, config, addresses[Int(index - 1) / 2], (index - 1) % 2)
            }
        }
        return nil
    }

    /// An output of 0 to 10 V: off is 0 V, and that is its safe state.
    mutating func addOutput(_ node: GridworksNode) {
        guard let output = output(of: node) else { return leaveOut(node, nil) }
        let (component, config) = (output.component, output.config)
        let telemetry = source.channel(named: config.channel)?.telemetry
        guard let telemetry, let known = GridworksWords.telemetries[telemetry] ?? nil,
            known.unit == .volt
        else {
            leftOut.append(
                "channel \(config.channel) of \(describe(node)): an output is in volts, not "
                    + (telemetry ?? "unknown"))
            return
        }
        var comments: [String] = []
        if reported.insert(component.id).inserted {
            comments = ["\(component.makeModel), outputs of 0 to 10 V."]
            if component.isSimulated {
                simulated.append("outputs of \(component.makeModel): simulated there already")
            }
        }
        if case .output(_, let tenths) = config.detail, tenths > 0 {
            let volts = DecimalNumber(mantissa: tenths, exponent: -1)
            comments.append("GridWorks sets it to \(volts) V at the start.")
            todo.append(
                "node \(node.name): it has 0 V until a controller sets it, where GridWorks starts with "
                    + "\(volts) V; check what its device makes of 0 V")
        }
        var wire: [(name: String, value: LayoutText)] = [
            ("driver", .text("dfr0971")), ("address", .text(hex(output.address))),
            ("output", .whole(output.pin)),
        ]
        if component.isSimulated { wire.append(("simulated", .flag(true))) }
        let series = stepped(channel(config, of: component, on: node.name), config)
        nodes.append(
            .noted(
                comments,
                .object(
                    title(node.title, [("name", .text(node.name)), ("kind", .text("relay"))]) + [
                        ("safeState", .text("off")), ("component", .object(wire)),
                        ("channels", .list([series])),
                    ])))
    }
}

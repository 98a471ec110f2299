import Vocabulary

// Contacts and relays that are on lines of a GW108 board, one component for each.
extension LayoutImport {
    mutating func addContact(
        _ node: GridworksNode, _ component: GridworksComponent, _ line: GridworksLine,
        _ config: GridworksConfig
    ) {
        let telemetry = source.channel(named: config.channel)?.telemetry ?? ""
        guard let known = GridworksWords.telemetries[telemetry] ?? nil,
            known.unit == .onOff || known.unit == .unitless
        else {
            leftOut.append(
                "channel \(config.channel) of \(describe(node)): "
                    + (GridworksWords.telemetries[telemetry] == nil
                        ? noUnit(telemetry) : "a contact is on or off, not \(telemetry)"))
            return
        }
        noteLine(component, line)
        var wire: [(name: String, value: LayoutText)] = [
            ("driver", .text("gpio-contact")), ("line", .text(address(of: line, node))),
        ]
        if isSimulated(component, line) { wire.append(("simulated", .flag(true))) }
        nodes.append(
            .noted(
                [
                    origin(component, node),
                    "Its value is the level on the line, as there: 1 is high, and an optocoupler that has",
                    "24 V at its input pulls low.",
                ],
                .object(
                    title(
                        node.title ?? component.title,
                        [("name", .text(node.name)), ("kind", .text("sensor"))]) + [
                            ("component", .object(wire)),
                            ("channels", .list([discrete(config, of: component, on: node.name)])),
                        ])))
    }

    mutating func addRelay(
        _ node: GridworksNode, _ component: GridworksComponent, _ line: GridworksLine,
        _ config: GridworksConfig, _ relay: GridworksRelayConfig
    ) {
        noteLine(component, line)
        var comments = [origin(component, node)]
        if case .expander(let address, _) = line, expanders.insert(address).inserted {
            comments += expanderComments(address)
        }
        var wire: [(name: String, value: LayoutText)] = [
            ("driver", .text("gpio-relay")), ("line", .text(address(of: line, node))),
        ]
        if isSimulated(component, line) { wire.append(("simulated", .flag(true))) }
        append(relay, of: node, component, config, wire: wire, comments)
    }

    /// A contact's channel: any change is one.
    private mutating func discrete(
        _ config: GridworksConfig, of component: GridworksComponent, on node: String
    ) -> LayoutText {
        let series = channel(config, of: component, on: node)
        guard case .object(let members) = series else { return series }
        return .object(members.filter { $0.name != "captureDelta" })
    }

    private func address(of line: GridworksLine, _ node: GridworksNode) -> String {
        switch line {
        case .pin(let pin): "pinctrl-bcm2711/\(pin)"
        case .expander: node.name
        }
    }

    /// Nothing says which level at an expander energises a relay, so none is switched before that is looked up.
    private func isSimulated(_ component: GridworksComponent, _ line: GridworksLine) -> Bool {
        if case .expander = line { return true }
        return component.isSimulated
    }

    /// What a person must know of the lines of a board, once for each board.
    private mutating func noteLine(_ component: GridworksComponent, _ line: GridworksLine) {
        let kind: String
        switch line {
        case .pin: kind = "pins"
        case .expander: kind = "expanders"
        }
        guard boards.insert("\(component.makeModel) \(kind)").inserted else { return }
        if component.isSimulated {
            simulated.append(
                "relays and contacts of \(component.makeModel): simulated there already")
            return
        }
        switch line {
        case .pin:
            todo.append(
                "the lines of \(component.makeModel) are those of a Raspberry Pi 4; on a Raspberry Pi 5 "
                    + "write pinctrl-rp1 in place of pinctrl-bcm2711")
        case .expander:
            simulated.append(
                "relays on the expanders of \(component.makeModel): which level energises them is unknown"
            )
            todo.append(
                "relays on the expanders of \(component.makeModel): install the device-tree overlay from the "
                    + "comment above the first one, find out whether low voltage energises (activeLow), "
                    + "then remove simulated")
        }
    }

    private func expanderComments(_ address: Int64) -> [String] {
        var names = [String](repeating: "", count: 16)
        for component in source.components {
            guard case .line(.expander(address, let pin), let configs) = component.form,
                let relay = configs.first?.relay
            else { continue }
            names[Int(pin)] = relay.actor
        }
        return [
            "The expander at I2C address \(hex(address)) is a TCA9555, whose pins the kernel's driver",
            "gpio-pca953x makes GPIO lines, each called as its relay by this device-tree overlay:",
            "",
        ]
            + overlay(
                [(address, names)], compatible: "ti,tca9555", named: "tidegate-expander-\(address)")
    }
}

import Vocabulary

extension LayoutImport {
    /// One node for a relay of a board: off is de-energised, and that is its safe state.
    mutating func addRelay(
        _ node: GridworksNode, _ component: GridworksComponent, _ config: GridworksConfig,
        _ relay: GridworksRelayConfig, addresses: [Int64]
    ) {
        var comments: [String] = []
        let isKrida = component.makeModel.uppercased().hasPrefix("KRIDA")
        if reported.insert(component.id).inserted {
            comments = boardComments(component, addresses: addresses, isKrida: isKrida)
            noteBoards(component, isKrida: isKrida)
        }
        var wire: [(name: String, value: LayoutText)] = [
            ("driver", .text("gpio-relay")), ("line", .text(node.name)), ("activeLow", .flag(true)),
        ]
        if !isKrida { wire.append(("simulated", .flag(true))) }
        append(relay, of: node, component, config, wire: wire, comments)
    }

    /// A relay's node: off is de-energised, and that is its safe state.
    mutating func append(
        _ relay: GridworksRelayConfig, of node: GridworksNode, _ component: GridworksComponent,
        _ config: GridworksConfig, wire: [(name: String, value: LayoutText)], _ comments: [String]
    ) {
        if GridworksWords.relayEvents[relay.eventType] == nil {
            todo.append("node \(node.name): \(relay.eventType) is unknown; check its states")
        }
        let words = [
            "Off is de-energised: \(relay.deEnergizedState). On is energised: \(relay.energizedState).",
            "\(relay.wiring): \(GridworksWords.wirings[relay.wiring] ?? "").",
        ]
        nodes.append(
            .noted(
                comments + words,
                .object(
                    title(node.title, [("name", .text(node.name)), ("kind", .text("relay"))]) + [
                        ("safeState", .text("off")), ("component", .object(wire)),
                        ("channels", .list([channel(config, of: component, on: node.name)])),
                    ])))
        relays.append(relay)
    }

    private mutating func noteBoards(_ component: GridworksComponent, isKrida: Bool) {
        let names = component.configs.compactMap(\.relay?.actor)
        let actors = (names.count == 1 ? "relay " : "relays ") + names.joined(separator: ", ")
        if isKrida {
            todo.append(
                "the lines of the relay boards need names: install the device-tree overlay from the comment "
                    + "above the first relay, and stop every other program that drives the boards")
            todo.append(
                "safeState is off for each relay, which is de-energised as in GridWorks; check that this is safe "
                    + "for each.")
        } else if component.isSimulated {
            simulated.append("\(actors) (\(component.makeModel)): simulated there already")
        } else {
            simulated.append(
                "\(actors) (\(component.makeModel)): the wiring of its pins is unknown")
            todo.append("\(actors): fill in line and activeLow, then remove simulated")
        }
    }

    private func boardComments(
        _ component: GridworksComponent, addresses: [Int64], isKrida: Bool
    ) -> [String] {
        guard isKrida else { return ["\(component.makeModel)."] }
        let list = addresses.map(hex).joined(separator: ", ")
        let boards = addresses.enumerated().map { board, address in
            (address: address, names: lineNames(of: component, board: board))
        }
        return [
            "Relay boards \(component.makeModel) at I2C addresses \(list). Each is a PCF8575, whose",
            "pins the kernel's driver gpio-pcf857x makes GPIO lines. All such chips have one label,",
            "pcf8575, so the lines get names: this device-tree overlay calls each as its relay.",
            "",
            "The boards switch on with low voltage, hence activeLow; after power-on the chips' pins are",
            "high, so the relays are de-energised.", "",
        ] + overlay(boards, compatible: "nxp,pcf8575", named: "tidegate-relays")
    }

    /// A device-tree overlay that names the pins of chips with 16 of them, and how it is installed.
    func overlay(
        _ chips: [(address: Int64, names: [String])], compatible: String, named name: String
    ) -> [String] {
        var lines = [
            "  sed -n 's|^ *// \(name == "tidegate-relays" ? "dts" : name) ||p' LAYOUT.json > \(name).dts",
            "  dtc -@ -I dts -O dtb -o \(name).dtbo \(name).dts",
            "  sudo cp \(name).dtbo /boot/firmware/overlays/",
            "  echo dtoverlay=\(name) | sudo tee -a /boot/firmware/config.txt", "",
            "After a restart gpioinfo shows the names.", "",
        ]
        var tree = [
            "/dts-v1/; /plugin/;", "/ {", "  compatible = \"brcm,bcm2835\";", "  fragment@0 {",
            "    target = <&i2c1>;", "    __overlay__ {", "      #address-cells = <1>;",
            "      #size-cells = <0>;", "      status = \"okay\";",
        ]
        for (address, names) in chips {
            let digits = String(address, radix: 16)
            tree += [
                "      gpio@\(digits) {", "        compatible = \"\(compatible)\";",
                "        reg = <0x\(digits)>;", "        gpio-controller;",
                "        #gpio-cells = <2>;", "        gpio-line-names =",
            ]
            for row in stride(from: 0, to: 16, by: 4) {
                let four = names[row..<row + 4].map { "\"\($0)\"" }.joined(separator: ", ")
                tree.append("          \(four)\(row == 12 ? ";" : ",")")
            }
            tree.append("      };")
        }
        tree += ["    };", "  };", "};"]
        let mark = name == "tidegate-relays" ? "dts" : name
        lines += tree.map { "\(mark) \($0)" }
        return lines + [""]
    }

    /// The names of a board's 16 pins; empty for those without a relay.
    ///
    /// Source: gridworks-scada, I2cRelayMultiplexer: relays 1 to 8 are on pins 7 to 0, relays 9 to 16
    /// on pins 8 to 15.
    private func lineNames(of component: GridworksComponent, board: Int) -> [String] {
        var names = [String](repeating: "", count: 16)
        for relay in component.configs.compactMap(\.relay) {
            let (board16, place) = (relay.index - 1).quotientAndRemainder(dividingBy: 16)
            guard board16 == board else { continue }
            names[Int(place < 8 ? 7 - place : place)] = relay.actor
        }
        return names
    }

    func hex(_ number: Int64) -> String { "0x" + String(number, radix: 16) }
}

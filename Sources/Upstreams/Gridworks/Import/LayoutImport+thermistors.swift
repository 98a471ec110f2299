import Vocabulary

extension LayoutImport {
    /// One node for each thermistor of a board of ADS1115 converters.
    mutating func addThermistors(
        _ node: GridworksNode, _ component: GridworksComponent, addresses: [Int64],
        volts: [DecimalNumber], _ configs: [GridworksConfig]
    ) {
        var comments = boardComments(node, component, addresses: addresses)
        if component.isSimulated {
            simulated.append("\(describe(node)): simulated there already")
        } else {
            todo.append(
                "the ADS1115 converters of \(node.name) each need a line in config.txt, shown above "
                    + "the first thermistor")
        }
        for config in configs {
            guard case .thermistor(let block, let makeModel, let description) = config.detail,
                let channel = source.channel(named: config.channel)
            else { continue }
            let telemetry = GridworksWords.telemetries[channel.telemetry] ?? nil
            guard telemetry?.unit == .celsius else {
                leftOut.append(
                    telemetry == nil
                        ? "channel \(config.channel) (\(makeModel)): \(noUnit(channel.telemetry))"
                        : "channel \(config.channel) (\(makeModel)): thermistors are read in °C, "
                            + "not as \(channel.telemetry)")
                continue
            }
            let name = freeName(config.channel)
            comments.append(
                "Terminal block \(block): \(makeModel)" + (description.map { ". \($0)" } ?? ""))
            if GridworksWords.betas[makeModel] == nil {
                comments.append("FILL IN: beta of its data sheet.")
                todo.append(
                    "node \(name): beta 3950 is a default; check the data sheet of \(makeModel)")
            }
            let converter = Int(block - 1) / 4
            var wire: [(name: String, value: LayoutText)] = [
                ("driver", .text("iio-adc")), ("device", .text("ads1015")),
                ("input", .text("voltage\((block - 1) % 4)")),
                ("address", .text("i2c/1-00" + String(addresses[converter], radix: 16))),
                (
                    "thermistor",
                    .object([
                        (
                            "beta",
                            .whole(GridworksWords.betas[makeModel] ?? GridworksWords.usualBeta)
                        ), ("r0", .whole(10_000)), ("seriesOhm", .whole(10_000)),
                        ("supplyMillivolt", .number(millivolts(volts[converter]))),
                    ])
                ),
            ]
            if component.isSimulated { wire.append(("simulated", .flag(true))) }
            var series = self.channel(config, of: component, source: nil)
            if case .object(var members) = series {
                members.insert(("exponent", .whole(-config.exponent)), at: 1)
                series = .object(members)
            }
            let text = LayoutText.object(
                title(channel.title, [("name", .text(name)), ("kind", .text("sensor"))]) + [
                    ("component", .object(wire)), ("channels", .list([series])),
                ])
            nodes.append(.noted(comments, text))
            comments = []
        }
    }

    /// Volts in millivolts, without an exponent where whole.
    private func millivolts(_ volts: DecimalNumber) -> DecimalNumber {
        let moved = volts.multiplied(by: DecimalNumber(mantissa: 1_000)) ?? volts
        return moved.wholeSteps(exponent: 0).map { DecimalNumber(mantissa: $0) } ?? moved
    }

    private func boardComments(
        _ node: GridworksNode, _ component: GridworksComponent, addresses: [Int64]
    ) -> [String] {
        var lines = [origin(component, node)]
        guard !component.isSimulated else { return lines }
        lines += [
            "The kernel's driver ti-ads1015 reads its converters. In /boot/firmware/config.txt, gain 0",
            "for inputs up to 6.1 V:", "",
        ]
        for address in addresses {
            let inputs = ["a", "b", "c", "d"].map { "ch\($0)_enable,ch\($0)_gain=0" }
            lines.append(
                "  dtoverlay=ads1115,addr=\(hex(address)),\(inputs.joined(separator: ","))")
        }
        // Source: gridworks-scada, GridworksTsnap1_MultipurposeSensorDriver.
        return lines + [
            "",
            "Each input is the middle of 10 kΩ towards the supply and a 10 kΩ thermistor towards",
            "ground; supplyMillivolt is OpenVoltageByAds.", "",
        ]
    }
}

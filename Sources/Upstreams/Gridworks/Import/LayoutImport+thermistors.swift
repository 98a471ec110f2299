import Vocabulary

extension LayoutImport {
    /// One node for each thermistor of a board of ADS1115 converters.
    mutating func addThermistors(
        _ node: GridworksNode, _ component: GridworksComponent, addresses: [Int64],
        _ configs: [GridworksConfig]
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
            guard
                case .thermistor(let block, let makeModel, let isAveraged, let description) =
                    config.detail, let channel = source.channel(named: config.channel)
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
            let tsnap = GridworksWords.tsnap
            var wire = input(
                Int(block - 1) % 4, bus: 1, address: addresses[Int(block - 1) / 4],
                thermistor: [
                    ("beta", .whole(tsnap.beta)), ("r0", .whole(10_000)),
                    ("seriesOhm", .whole(10_000)),
                    ("supplyMillivolt", .whole(tsnap.supplyMillivolts)),
                    ("openMillivolt", .whole(tsnap.openMillivolts)),
                ])
            if isAveraged { wire.append(("averaging", .number(tsnap.averaging))) }
            if component.isSimulated { wire.append(("simulated", .flag(true))) }
            let series = stepped(self.channel(config, of: component, on: name), config)
            let text = LayoutText.object(
                title(channel.title, [("name", .text(name)), ("kind", .text("sensor"))]) + [
                    ("component", .object(wire)), ("channels", .list([series])),
                ])
            nodes.append(.noted(comments, text))
            comments = []
        }
    }

    /// One node for each input of a GW108 board's converter, with the temperature and the voltage there.
    mutating func addReader(
        _ node: GridworksNode, _ component: GridworksComponent, _ converter: GridworksConverter,
        _ configs: [GridworksConfig]
    ) {
        var comments = [origin(component, node)]
        if component.isSimulated {
            simulated.append("\(describe(node)): simulated there already")
        } else {
            comments += overlay([converter.address], gain: 1, range: "4.096 V")
            todo.append(
                "the ADS1115 of \(node.name) needs a line in config.txt, shown above its first thermistor"
            )
        }
        for number in Int64(0)..<4 {
            var series: [LayoutText] = []
            var found: (name: String, title: String?, beta: Int64)?
            for config in configs {
                guard case .input(number, let beta) = config.detail,
                    let channel = source.channel(named: config.channel)
                else { continue }
                let telemetry = GridworksWords.telemetries[channel.telemetry] ?? nil
                guard let unit = telemetry?.unit, unit == .celsius || unit == .volt else {
                    leftOut.append("channel \(channel.name): \(noUnit(channel.telemetry))")
                    continue
                }
                let input = found ?? (freeName(channel.name), channel.title, beta)
                found = input
                let read = unit == .celsius ? "temperature" : "voltage"
                series.append(
                    stepped(
                        self.channel(config, of: component, on: input.name, source: read), config))
            }
            guard let found else { continue }
            var wire = input(
                Int(number), bus: converter.bus, address: converter.address,
                thermistor: [
                    ("withVoltage", .flag(true)),
                    ("beta", .whole(found.beta)), ("r0", .whole(10_000)),
                    ("seriesOhm", .number(converter.seriesOhms)),
                    ("supplyMillivolt", .number(converter.supplyMillivolts)),
                ])
            if component.isSimulated { wire.append(("simulated", .flag(true))) }
            let text = LayoutText.object(
                title(found.title, [("name", .text(found.name)), ("kind", .text("sensor"))]) + [
                    ("component", .object(wire)), ("channels", .list(series)),
                ])
            nodes.append(.noted(comments, text))
            comments = []
        }
    }

    private func input(
        _ number: Int, bus: Int64, address: Int64,
        thermistor: [(name: String, value: LayoutText)]
    ) -> [(name: String, value: LayoutText)] {
        [
            ("driver", .text("iio-adc")), ("device", .text("ads1015")),
            ("input", .text("voltage\(number)")),
            ("address", .text("i2c/\(bus)-00" + String(address, radix: 16))),
            ("thermistor", .object(thermistor)),
        ]
    }

    /// A channel with the steps that it has there.
    func stepped(_ channel: LayoutText, _ config: GridworksConfig) -> LayoutText {
        guard case .object(var members) = channel else { return channel }
        members.insert(("exponent", .whole(-config.exponent)), at: 1)
        return .object(members)
    }

    private func boardComments(
        _ node: GridworksNode, _ component: GridworksComponent, addresses: [Int64]
    ) -> [String] {
        var lines = [origin(component, node)]
        guard !component.isSimulated else { return lines }
        lines += overlay(addresses, gain: 0, range: "6.1 V")
        // Source: gridworks-scada, GridworksTsnap1_MultipurposeSensorDriver.
        return lines + [
            "Each input is the middle of 10 kΩ towards the supply and a 10 kΩ thermistor towards",
            "ground. As in GridWorks the supply counts as 4.85 V, β is 3977 for every probe, and from",
            "4.70 V on a thermistor counts as not connected.", "",
        ]
    }

    /// How the kernel is told of ADS1115 converters.
    private func overlay(_ addresses: [Int64], gain: Int, range: String) -> [String] {
        let lines = addresses.map { address in
            let inputs = ["a", "b", "c", "d"].map { "ch\($0)_enable,ch\($0)_gain=\(gain)" }
            return "  dtoverlay=ads1115,addr=\(hex(address)),\(inputs.joined(separator: ","))"
        }
        return [
            "The kernel's driver ti-ads1015 reads its converters. In /boot/firmware/config.txt, gain "
                + "\(gain)",
            "for inputs up to \(range):", "",
        ] + lines + [""]
    }
}

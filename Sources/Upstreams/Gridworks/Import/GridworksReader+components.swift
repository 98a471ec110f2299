import Documents
import Vocabulary

extension GridworksReader {
    /// What a component is made of, when it is of a type that has a driver here.
    mutating func form(
        of entry: JsonNode, typeName: String, kind: JsonNode
    ) -> GridworksComponent.Form {
        switch typeName {
        case "electric.meter.component.gt":
            let host = text("ModbusHost", of: entry, required: false)
            let port = whole("ModbusPort", of: entry, required: false, in: 1...65535)
            return .meter(
                host: host, port: port,
                configs(of: entry) { reader, config in reader.egauge(config) })
        case "i2c.multichannel.dt.relay.component.gt":
            let addresses = wholes("I2cAddressList", of: entry)
            return .relays(
                addresses: addresses,
                configs(of: entry) { reader, config in reader.relay(config) })
        case "ads111x.based.component.gt" where kind != entry || isTsnap(kind):
            // Where the layout does not say what is on the board, it is known.
            let isKnown = kind["AdsI2cAddressList"] == nil && isTsnap(kind)
            let addresses =
                isKnown
                ? GridworksWords.tsnapAddresses : wholes("AdsI2cAddressList", of: kind)
            let blocks =
                isKnown
                ? 4 * Int64(addresses.count) : whole("TotalTerminalBlocks", of: kind, in: 1...256)
            let volts = (list("OpenVoltageByAds", of: entry) ?? []).compactMap { number($0) }
            // Older layouts keep the thermistors in a list of their own.
            let apart = entry["ThermistorConfigList"]?.list ?? []
            return .thermistors(
                addresses: addresses, blocks: blocks ?? 0, openVolts: volts,
                configs(of: entry) { reader, config in
                    let name = config["ChannelName"]?.text
                    let other = apart.first { $0["ChannelName"]?.text == name }
                    return reader.thermistor(
                        config["TerminalBlockIdx"] == nil ? other ?? config : config)
                })
        case "dfr.component.gt":
            let addresses = wholes("I2cAddressList", of: entry)
            return .outputs(
                addresses: addresses,
                configs(of: entry) { reader, config in
                    let index = reader.whole("OutputIdx", of: config, in: 1...16)
                    // The key's name and GridWorks' own driver disagree; the driver takes tenths of a volt.
                    let initial = reader.whole("InitialVoltsTimes100", of: config, in: 0...100)
                    return index.map { .output($0, initialTenths: initial ?? 0) }
                })
        default:
            return boardForm(of: entry, typeName: typeName, kind: kind) ?? .other
        }
    }

    private func isTsnap(_ kind: JsonNode) -> Bool {
        kind["DeviceType"]?.text?.hasPrefix("GridworksTsnap1") == true
    }

    mutating func configs(
        of entry: JsonNode,
        _ detail: (inout GridworksReader, JsonNode) -> GridworksConfig.Detail?
    ) -> [GridworksConfig] {
        // A component on a board may list no channels: it has those that its node captures.
        guard entry["ConfigList"] != nil || entry["BoardComponentId"] == nil else {
            let channels = entry["ComponentId"]?.text.flatMap { captured[$0] } ?? []
            return channels.map { tuned($0.name, entry) }
        }
        var result: [GridworksConfig] = []
        for config in entries("ConfigList", of: entry, required: true) {
            let found = detail(&self, config)
            let isNew = entry["DeviceType"] != nil || entry["BoardComponentId"] != nil
            guard var read = self.config(config, isNew: isNew), let found else { continue }
            read.detail = found
            result.append(read)
        }
        return result
    }

    private mutating func config(_ entry: JsonNode, isNew: Bool) -> GridworksConfig? {
        let channel = text("ChannelName", of: entry)
        if let channel, entry["CapturePeriodS"] == nil, isNew || tunings[channel] != nil {
            return tuned(channel, entry)
        }
        let poll = pollPeriod(of: entry)
        let capture = capturePeriod(of: entry)
        let isAsync = flag("AsyncCapture", of: entry)
        let delta = captureDelta(of: entry)
        let exponent = whole("Exponent", of: entry, in: -9...9)
        let unit = text("Unit", of: entry)
        guard let channel, let capture, let isAsync, let exponent, let unit else { return nil }
        return GridworksConfig(
            channel: channel, poll: poll, capture: capture, isAsync: isAsync, delta: delta,
            exponent: exponent, unit: unit, place: entry.place)
    }

    mutating func pollPeriod(of entry: JsonNode) -> Duration? {
        whole("PollPeriodMs", of: entry, required: false, in: 10...86_400_000)
            .map { .milliseconds($0) }
    }

    mutating func capturePeriod(of entry: JsonNode) -> Duration? {
        whole("CapturePeriodS", of: entry, in: 1...604_800).map { .seconds($0) }
    }

    mutating func captureDelta(of entry: JsonNode) -> Int64? {
        whole("AsyncCaptureDelta", of: entry, required: false, in: 1...Int64.max)
    }

    /// A channel whose periods and deltas are in the second file of newer layouts, and whose unit is that of
    /// its TelemetryName.
    private mutating func tuned(_ channel: String, _ entry: JsonNode) -> GridworksConfig {
        let tuning = tunings[channel]
        if tuning == nil { lacksPeriods = true }
        let known = telemetries[channel].flatMap { GridworksWords.telemetries[$0] ?? nil }
        let exponent = whole("Exponent", of: entry, required: false, in: -9...9)
        let unit = text("Unit", of: entry, required: false)
        return GridworksConfig(
            channel: channel, poll: tuning?.poll,
            capture: tuning?.capture ?? GridworksLayout.usualCapture,
            isAsync: tuning?.isAsync ?? (entry["EventType"] != nil), delta: tuning?.delta,
            exponent: exponent ?? known?.exponent ?? 0, unit: unit ?? known?.word ?? "Unitless",
            place: entry.place)
    }

    private mutating func egauge(_ entry: JsonNode) -> GridworksConfig.Detail? {
        guard let register = entry["EgaugeRegisterConfig"], register.value != .null else {
            return .plain
        }
        let address = whole("Address", of: register, in: 0...65_534)
        let type = text("Type", of: register)
        let denominator = whole("Denominator", of: register, in: 1...Int64.max)
        let unit = text("Unit", of: register)
        guard let address, let type, let denominator, let unit else { return nil }
        return .egauge(
            EgaugeRegister(
                address: address, type: type, denominator: denominator, unit: unit,
                place: register.place))
    }

    /// - Parameter index: That of a relay that is the only one of its component.
    mutating func relay(_ entry: JsonNode, index: Int64? = nil) -> GridworksConfig.Detail? {
        let index = index ?? whole("RelayIdx", of: entry, in: 1...256)
        // Until 2025 the type of the states was left out, which follows from that of the events.
        let known = entry["EventType"]?.text.flatMap { GridworksWords.relayEvents[$0]?.stateType }
        let texts = [
            "ActorName", "WiringConfig", "EventType", "DeEnergizingEvent", "EnergizingEvent",
            "StateType", "DeEnergizedState", "EnergizedState",
        ].map { key in
            if key == "StateType", entry[key] == nil, let known { return known }
            return text(key, of: entry) ?? ""
        }
        guard let index, !texts.contains("") else { return nil }
        return .relay(
            GridworksRelayConfig(
                index: index, actor: texts[0], wiring: texts[1], eventType: texts[2],
                deEnergizingEvent: texts[3], energizingEvent: texts[4], stateType: texts[5],
                deEnergizedState: texts[6], energizedState: texts[7]))
    }

    private mutating func thermistor(_ entry: JsonNode) -> GridworksConfig.Detail? {
        let block = whole("TerminalBlockIdx", of: entry, in: 1...256)
        let makeModel = text(
            entry["ThermistorDeviceType"] == nil ? "ThermistorMakeModel" : "ThermistorDeviceType",
            of: entry)
        let method = text("DataProcessingMethod", of: entry, required: false)
        let description = text("DataProcessingDescription", of: entry, required: false)
        guard let block, let makeModel else { return nil }
        return .thermistor(
            block: block, makeModel: makeModel,
            isAveraged: method == "BetaWithExponentialAveraging", description: description)
    }
}

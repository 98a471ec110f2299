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
        case "ads111x.based.component.gt" where kind["AdsI2cAddressList"] != nil || kind != entry:
            let addresses = wholes("AdsI2cAddressList", of: kind)
            let blocks = whole("TotalTerminalBlocks", of: kind, in: 1...256)
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
        default:
            return .other
        }
    }

    private mutating func configs(
        of entry: JsonNode,
        _ detail: (inout GridworksReader, JsonNode) -> GridworksConfig.Detail?
    ) -> [GridworksConfig] {
        var result: [GridworksConfig] = []
        for config in entries("ConfigList", of: entry, required: true) {
            let found = detail(&self, config)
            let hasPeriods = entry["DeviceType"] == nil || config["CapturePeriodS"] != nil
            guard var read = self.config(config, hasPeriods: hasPeriods), let found else {
                continue
            }
            read.detail = found
            result.append(read)
        }
        return result
    }

    private mutating func config(_ entry: JsonNode, hasPeriods: Bool) -> GridworksConfig? {
        let channel = text("ChannelName", of: entry)
        guard hasPeriods else { return channel.flatMap { withoutPeriods($0, entry) } }
        let poll = whole("PollPeriodMs", of: entry, required: false, in: 10...86_400_000)
        let capture = whole("CapturePeriodS", of: entry, in: 1...604_800)
        let isAsync = flag("AsyncCapture", of: entry)
        let delta = whole("AsyncCaptureDelta", of: entry, required: false, in: 1...Int64.max)
        let exponent = whole("Exponent", of: entry, in: -9...9)
        let unit = text("Unit", of: entry)
        guard let channel, let capture, let isAsync, let exponent, let unit else { return nil }
        return GridworksConfig(
            channel: channel, poll: poll.map { .milliseconds($0) }, capture: .seconds(capture),
            isAsync: isAsync, delta: delta, exponent: exponent, unit: unit, place: entry.place)
    }

    /// A channel whose periods and deltas are in the second file of newer layouts.
    private mutating func withoutPeriods(
        _ channel: String, _ entry: JsonNode
    ) -> GridworksConfig? {
        lacksPeriods = true
        let exponent = whole("Exponent", of: entry, required: false, in: -9...9)
        let unit = text("Unit", of: entry, required: false)
        return GridworksConfig(
            channel: channel, poll: nil, capture: GridworksLayout.usualCapture,
            isAsync: entry["RelayIdx"] != nil, delta: nil, exponent: exponent ?? 0,
            unit: unit ?? "Unitless", place: entry.place)
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

    private mutating func relay(_ entry: JsonNode) -> GridworksConfig.Detail? {
        let index = whole("RelayIdx", of: entry, in: 1...256)
        let texts = [
            "ActorName", "WiringConfig", "EventType", "DeEnergizingEvent", "EnergizingEvent",
            "StateType", "DeEnergizedState", "EnergizedState",
        ].map { text($0, of: entry) ?? "" }
        guard let index, !texts.contains("") else { return nil }
        return .relay(
            GridworksRelayConfig(
                index: index, actor: texts[0], wiring: texts[1], eventType: texts[2],
                deEnergizingEvent: texts[3], energizingEvent: texts[4], stateType: texts[5],
                deEnergizedState: texts[6], energizedState: texts[7]))
    }

    private mutating func thermistor(_ entry: JsonNode) -> GridworksConfig.Detail? {
        let block = whole("TerminalBlockIdx", of: entry, in: 1...256)
        let makeModel = text("ThermistorMakeModel", of: entry)
        let description = text("DataProcessingDescription", of: entry, required: false)
        guard let block, let makeModel else { return nil }
        return .thermistor(block: block, makeModel: makeModel, description: description)
    }
}

// One value of an object each; what is missing or of another form is reported.
extension GridworksReader {
    mutating func object(_ key: String, of entry: JsonNode) -> JsonNode? {
        guard let node = value(key, of: entry, required: true) else { return nil }
        guard node.group != nil else { return refuse(node, "an object") }
        return node
    }

    mutating func list(_ key: String, of entry: JsonNode, required: Bool = true) -> JsonList? {
        guard let node = value(key, of: entry, required: required) else { return nil }
        guard let list = node.list else { return refuse(node, "a list") }
        return list
    }

    /// The objects of a list; none when it is not there and need not be.
    mutating func entries(
        _ key: String, of entry: JsonNode, required: Bool = false
    ) -> [JsonNode] {
        let list = list(key, of: entry, required: required) ?? []
        var result: [JsonNode] = []
        result.reserveCapacity(list.count)
        for node in list {
            if node.group != nil {
                result.append(node)
            } else {
                let _: JsonNode? = refuse(node, "an object")
            }
        }
        return result
    }

    mutating func text(_ key: String, of entry: JsonNode, required: Bool = true) -> String? {
        guard let node = value(key, of: entry, required: required) else { return nil }
        guard let text = node.text, !text.isEmpty else {
            return refuse(node, "a text that is not empty")
        }
        return text
    }

    mutating func flag(_ key: String, of entry: JsonNode, required: Bool = true) -> Bool? {
        guard let node = value(key, of: entry, required: required) else { return nil }
        guard let flag = node.flag else { return refuse(node, "true or false") }
        return flag
    }

    mutating func whole(
        _ key: String, of entry: JsonNode, required: Bool = true,
        in range: ClosedRange<Int64> = 0...Int64.max
    ) -> Int64? {
        guard let node = value(key, of: entry, required: required) else { return nil }
        return whole(node, in: range)
    }

    mutating func wholes(_ key: String, of entry: JsonNode) -> [Int64] {
        (list(key, of: entry) ?? []).compactMap { whole($0, in: 0...127) }
    }

    mutating func number(_ node: JsonNode) -> DecimalNumber? {
        guard let number = node.number else { return refuse(node, "a number") }
        return number
    }

    /// What people read; absent texts and empty ones are the same.
    func title(of entry: JsonNode) -> String? {
        guard let title = entry["DisplayName"]?.text, !title.isEmpty else { return nil }
        return title
    }

    private mutating func whole(_ node: JsonNode, in range: ClosedRange<Int64>) -> Int64? {
        guard let number = node.number?.wholeSteps(exponent: 0), range.contains(number) else {
            let words =
                range.upperBound == .max
                ? "a whole number from \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
            return refuse(node, words)
        }
        return number
    }

    private mutating func value(_ key: String, of entry: JsonNode, required: Bool) -> JsonNode? {
        if let node = entry[key], node.value != .null { return node }
        if required { report(entry.place, "\(key) is missing") }
        return nil
    }

    private mutating func refuse<Value>(_ node: JsonNode, _ wanted: String) -> Value? {
        report(node.place, "must be \(wanted)")
        return nil
    }
}

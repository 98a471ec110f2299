import Documents
import Vocabulary

// What sits on a GW108 board: contacts, relays and thermistors, each a component of its own.
extension GridworksReader {
    /// - Parameter kind: What the board is; it says what its pins and converters are called.
    /// - Returns: Nil for components of other types, and for those with a mistake, which is reported.
    mutating func boardForm(
        of entry: JsonNode, typeName: String, kind: JsonNode
    ) -> GridworksComponent.Form? {
        switch typeName {
        case "gw108.gpio.sensor.component.gt", "gpio.sensor.component.gt":
            let pin = pin(of: entry, among: "NativeGpioInputs", of: kind)
            let configs = configs(of: entry) { _, _ in .plain }
            return pin.map { .line(.pin($0), configs) }
        case "gw108.vdc.relay.component.gt", "gpio.relay.component.gt":
            let pin = pin(of: entry, among: "NativeGpioOutputs", of: kind)
            let configs = configs(of: entry) { reader, config in reader.relay(config, index: 1) }
            return pin.map { .line(.pin($0), configs) }
        case "i2c.relay.component.gt":
            let line = expander(of: entry, on: kind)
            let configs = configs(of: entry) { reader, config in reader.relay(config, index: 1) }
            return line.map { .line($0, configs) }
        case "i2c.thermistor.reader.component.gt":
            let converter = converter(of: entry, on: kind)
            let configs = configs(of: entry) { reader, config in reader.input(config) }
            return converter.map { .reader($0, configs) }
        default: return nil
        }
    }

    /// The pin that a component names, by number or by a name that its board gives it.
    private mutating func pin(
        of entry: JsonNode, among list: String, of kind: JsonNode
    ) -> Int64? {
        if entry["GpioName"] == nil { return whole("GpioPin", of: entry, in: 0...63) }
        return named("GpioName", of: entry, among: list, by: "Name", of: kind)
            .flatMap { whole("BcmPin", of: $0, in: 0...63) }
    }

    private mutating func expander(of entry: JsonNode, on kind: JsonNode) -> GridworksLine? {
        guard
            let relay = named("RelayName", of: entry, among: "I2cRelays", by: "RelayName", of: kind)
        else { return nil }
        let index = whole("ExpanderIdx", of: relay)
        // Source: TCA9555 data sheet: registers 2 and 3 are the outputs of port 0 and 1.
        let register = whole("RegisterIndex", of: relay, in: 2...3)
        let bit = whole("BitIndex", of: relay, in: 0...7)
        guard let index, let register, let bit else { return nil }
        let expander = (kind["Expanders"]?.list ?? []).first {
            $0["ExpanderIdx"]?.number?.wholeSteps(exponent: 0) == index
        }
        guard let expander else {
            report(relay.place, "ExpanderIdx: the board has no expander \(index)")
            return nil
        }
        return whole("I2cAddress", of: expander, in: 0...127)
            .map { .expander($0, pin: 8 * (register - 2) + bit) }
    }

    private mutating func converter(
        of entry: JsonNode, on kind: JsonNode
    ) -> GridworksConverter? {
        var (source, key) = (entry, "AdcAddress")
        if entry["AdcName"] != nil {
            guard
                let adc = named("AdcName", of: entry, among: "ThermistorAdcs", by: "Name", of: kind)
            else { return nil }
            (source, key) = (adc, "I2cAddress")
        }
        let address = whole(key, of: source, in: 0...127)
        let series = positive("SeriesResistanceKOhms", of: source)
        let supply =
            positive("AdcReferenceVolts", of: source, required: false)
            ?? DecimalNumber(mantissa: 33, exponent: -1)
        guard let address, let series else { return nil }
        let digits = (entry["Bus"]?.text ?? "").split(separator: "-").last ?? ""
        return GridworksConverter(
            bus: Int64(digits) ?? 1, address: address, supplyMillivolts: thousandfold(supply),
            seriesOhms: thousandfold(series))
    }

    private func thousandfold(_ number: DecimalNumber) -> DecimalNumber {
        number.multiplied(by: DecimalNumber(mantissa: 1_000)) ?? number
    }

    private mutating func input(_ entry: JsonNode) -> GridworksConfig.Detail? {
        let beta = whole("ThermistorBeta", of: entry, in: 1...20_000)
        guard let channel = text("AdcChannel", of: entry) else { return nil }
        let inputs = ["P0", "P1", "P2", "P3"]
        guard let input = inputs.firstIndex(of: channel) else {
            report(
                entry["AdcChannel"]?.place ?? entry.place,
                "\(channel) must be one of \(inputs.joined(separator: ", "))")
            return nil
        }
        return beta.map { .input(Int64(input), beta: $0) }
    }

    /// The entry that a component means by a name, in a list of its board.
    private mutating func named(
        _ key: String, of entry: JsonNode, among list: String, by member: String, of kind: JsonNode
    ) -> JsonNode? {
        guard let name = text(key, of: entry) else { return nil }
        let all = (kind[list]?.list ?? []).filter { $0.group != nil }
        if let found = all.first(where: { $0[member]?.text == name }) { return found }
        let board = kind["DeviceType"]?.text ?? "its board"
        report(
            entry[key]?.place ?? entry.place,
            "\(key) \(name): \(board) has none of that name in \(list)"
                + didYouMean(name, among: all.compactMap { $0[member]?.text }))
        return nil
    }
}

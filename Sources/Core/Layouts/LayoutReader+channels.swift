import Documents
import DriverKit
import Vocabulary

extension LayoutReader {
    /// The channels of one node: those that the layout lists, or all that the driver offers.
    mutating func readChannels(
        _ node: Section, node name: ShNodeName?, _ driver: ComponentDraft.KnownDriver
    ) -> [DataChannel] {
        let offered = driver.channels
        guard node.says("channels") else {
            let nothing = Section(
                node: JsonNode(.group([]), at: node.place), kind: LayoutSection.channel)
            return offered.filter(\.isDefault).compactMap {
                readChannel(nothing, $0, node: name, of: offered.count)
            }
        }
        if let list = node.node["channels"]?.list, list.isEmpty {
            report(
                node.place(of: "channels"),
                "a node needs at least one channel; leave channels out for all of its driver")
        }
        var taken: [String: Place] = [:]
        var channels: [DataChannel] = []
        let sources = OfferedSources(offered)
        for section in node.sections("channels", .channel) {
            guard let description = description(for: section, of: driver, sources) else { continue }
            let source = description.source
            if let first = taken[source] {
                report(section.place(of: "source"), "source \(source) is already read by \(first)")
                continue
            }
            taken[source] = section.place
            guard let channel = readChannel(section, description, node: name, of: offered.count)
            else { continue }
            channels.append(channel)
        }
        return channels
    }

    /// What the driver says of the channel's source.
    private mutating func description(
        for section: Section, of driver: ComponentDraft.KnownDriver, _ sources: OfferedSources
    ) -> ChannelDescription? {
        let offered = driver.channels
        guard section.says("source") else {
            if offered.count > 1 {
                report(
                    section.place,
                    "source is missing: driver \(driver.type.model) has \(sources.words)")
                return nil
            }
            return offered.first
        }
        guard let source = section.text("source") else { return nil }
        if let description = sources[source] { return description }
        guard !offered.isEmpty else { return nil }
        report(
            section.place(of: "source"),
            "driver \(driver.type.model) has no source \(source)\(sources.advice(for: source))")
        return nil
    }

    private mutating func readChannel(
        _ section: Section, _ description: ChannelDescription, node: ShNodeName?, of count: Int
    ) -> DataChannel? {
        let name = channelName(section, description, node: node, of: count)
        if let unit: Unit = section.word("unit"), unit != description.unit {
            report(
                section.place(of: "unit"),
                "\(description.source) comes in \(description.unit.rawValue), "
                    + "not in \(unit.rawValue)")
        }
        let exponent = section.whole("exponent").map(Int.init) ?? description.exponent
        if description.unit == .onOff, exponent != 0 {
            report(
                section.says("exponent") ? section.place(of: "exponent") : section.place,
                "\(description.source) is on or off, so its exponent must be 0, not \(exponent)")
        }
        let capture = readCapture(section, description, exponent: exponent)
        let plausibility = readPlausibility(section, description, exponent: exponent)
        guard let name, let node else { return nil }
        return DataChannel(
            name: name, node: node, source: description.source, unit: description.unit,
            exponent: exponent,
            pollPeriod: section.duration("pollPeriod") ?? description.pollPeriod,
            capture: capture, plausibility: plausibility, isSettable: description.isSettable)
    }

    private mutating func channelName(
        _ section: Section, _ description: ChannelDescription, node: ShNodeName?, of count: Int
    ) -> DataChannelName? {
        if section.says("name") {
            guard let name = section.name("name", DataChannelTag.self) else { return nil }
            if let taken = channelNames.take(name.text, at: section.place) {
                report(section.place(of: "name"), "\(taken)")
            }
            return name
        }
        guard let node else { return nil }
        let text = count == 1 ? node.text : "\(node)-\(description.source)"
        guard let name = DataChannelName(text) else {
            report(
                section.place,
                "source \(description.source) needs a name: \(text) is longer than 64 "
                    + "letters or not a valid channel name")
            return nil
        }
        if let taken = channelNames.take(text, at: section.place) {
            report(section.place, "\(taken); give the channel its own name")
        }
        return name
    }

    private mutating func readCapture(
        _ section: Section, _ description: ChannelDescription, exponent: Int
    ) -> CaptureRule {
        let poll = section.duration("pollPeriod") ?? description.pollPeriod
        let period = section.duration("capturePeriod") ?? description.capturePeriod
        if poll > period {
            let key = section.says("pollPeriod") ? "pollPeriod" : "capturePeriod"
            report(
                section.says(key) ? section.place(of: key) : section.place,
                "pollPeriod \(poll.layoutText) is longer than capturePeriod \(period.layoutText)"
                    + (section.says("pollPeriod") && section.says("capturePeriod")
                        ? "" : "; the driver sets the one that is left out, so write both"))
        }
        if let summary = readSummary(section, description) {
            return CaptureRule(period: period, delta: nil, summary: summary)
        }
        let usual =
            description.captureDelta(exponent: exponent) ?? (description.unit.isDiscrete ? 1 : nil)
        let onChange = section.flag("captureOnChange")
        guard section.says("captureDelta") else {
            if onChange == true, usual == nil {
                report(
                    section.place(of: "captureOnChange"),
                    "captureDelta is missing: the least change in \(description.unit.rawValue) "
                        + "that is captured")
            }
            return CaptureRule(period: period, delta: onChange == false ? nil : usual)
        }
        if onChange == false {
            report(
                section.place(of: "captureDelta"),
                "has no effect with captureOnChange false; remove one of them")
        }
        guard let node = section["captureDelta"],
            let steps = wholeSteps(node, exponent: exponent, atLeast: 1)
        else { return CaptureRule(period: period, delta: usual) }
        return CaptureRule(period: period, delta: steps)
    }

    /// The summary of a channel that reports more than the last value; nil for all others.
    private mutating func readSummary(
        _ section: Section, _ description: ChannelDescription
    ) -> CaptureSummary? {
        let asked: CaptureSummary? = section.word("captureSummary")
        guard let asked, asked != .last else { return nil }
        let isCounter = section.flag("counter") ?? description.plausibility.isCounter
        if isCounter || description.unit.isDiscrete {
            report(
                section.place(of: "captureSummary"),
                "\(description.source) \(isCounter ? "is a counter" : "only switches or counts"), "
                    + "which has no \(asked.rawValue); only last is possible")
        }
        for key in ["captureDelta", "captureOnChange"] where section.says(key) {
            // To say no is to say what holds anyway.
            if key == "captureOnChange", section.flag(key) == false { continue }
            report(
                section.place(of: key),
                "has no effect with captureSummary \(asked.rawValue), published once a "
                    + "capturePeriod; remove one of them")
        }
        return asked
    }

    private mutating func readPlausibility(
        _ section: Section, _ description: ChannelDescription, exponent: Int
    ) -> Plausibility {
        var result = description.plausibility(exponent: exponent)
        let lowest = bound(section["lowest"], exponent: exponent) ?? result.range.lowerBound
        let highest = bound(section["highest"], exponent: exponent) ?? result.range.upperBound
        if lowest <= highest {
            result.range = lowest...highest
        } else {
            let key = section.says("lowest") ? "lowest" : "highest"
            report(
                section.place(of: key),
                "lowest \(DecimalNumber(mantissa: lowest, exponent: exponent)) is above highest "
                    + "\(DecimalNumber(mantissa: highest, exponent: exponent))"
                    + (section.says("lowest") && section.says("highest") ? "" : " of the driver"))
        }
        if let node = section["largestStep"] {
            result.largestStep =
                wholeSteps(node, exponent: exponent, atLeast: 1) ?? result.largestStep
        }
        if let list = section["powerOnValues"]?.list {
            result.powerOnValues = list.compactMap { wholeSteps($0, exponent: exponent) }
        }
        result.isCounter = section.flag("counter") ?? result.isCounter
        return result
    }

    private mutating func bound(_ node: JsonNode?, exponent: Int) -> Int64? {
        guard let node, let number = node.number else { return nil }
        if let steps = number.nearestSteps(exponent: exponent) { return steps }
        report(node.place, Self.tooLarge(number, exponent: exponent))
        return nil
    }

    private mutating func wholeSteps(
        _ node: JsonNode, exponent: Int, atLeast least: Int64 = .min
    ) -> Int64? {
        guard let number = node.number else { return nil }
        guard let nearest = number.nearestSteps(exponent: exponent) else {
            report(node.place, Self.tooLarge(number, exponent: exponent))
            return nil
        }
        guard least == .min || number.mantissa > 0 else {
            report(node.place, "\(number) must be more than 0")
            return nil
        }
        guard number.wholeSteps(exponent: exponent) == nil else { return nearest }
        let possible = DecimalNumber(mantissa: max(nearest, least), exponent: exponent)
        report(
            node.place,
            "\(number) is not a whole number of steps of "
                + "\(DecimalNumber(mantissa: 1, exponent: exponent)); "
                + "the nearest is \(possible)")
        return nil
    }

    private static func tooLarge(_ number: DecimalNumber, exponent: Int) -> String {
        "\(number) is too large to be counted in steps of "
            + "\(DecimalNumber(mantissa: 1, exponent: exponent))"
    }
}

/// The sources that a driver offers, by the names under which a channel may ask for them.
private struct OfferedSources {
    /// The most that are compared one after the other, which is less work than a table.
    private static let few = 16

    private let offered: [ChannelDescription]
    private var places: [String: Int] = [:]

    init(_ offered: [ChannelDescription]) {
        self.offered = offered
        guard offered.count > Self.few else { return }
        for (place, description) in offered.enumerated() {
            for name in [description.source, description.code].compactMap(\.self)
            where places[name] == nil {
                places[name] = place
            }
        }
    }

    /// The first that has this source or code.
    subscript(name: String) -> ChannelDescription? {
        offered.count > Self.few
            ? places[name].map { offered[$0] }
            : offered.first { $0.source == name || $0.code == name }
    }

    /// The first of them, for messages.
    var words: String {
        let few = offered.prefix(12).map(\.source).joined(separator: ", ")
        return offered.count > 12 ? "\(few) and \(offered.count - 12) more" : few
    }

    /// What was probably meant by `name`, or all that there is.
    func advice(for name: String) -> String {
        let meant = didYouMean(name, among: offered.flatMap { [$0.source, $0.code ?? $0.source] })
        return meant.isEmpty ? "; it has \(words)" : meant
    }
}

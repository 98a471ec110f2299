import Documents
import DriverKit
import Vocabulary

/// A value that meters send under an OBIS code, and the channel that it can be.
struct ObisSource: Hashable, Sendable {
    struct Part: Hashable, Sendable {
        let code: ObisCode
        let sign: Int64
    }

    let code: ObisCode
    let channel: ChannelDescription
    /// What it is the sum of where the telegram has not got it.
    var parts: [Part] = []

    /// What electricity meters send, with those of `defaults` in every node that lists no channels.
    ///
    /// - Source: IEC 62056-6-1, annex; the P1 Companion Standard 5.0.2 of DSMR, table 6-1.
    static func electricity(defaults: Set<String>) -> [ObisSource] {
        func source(
            _ name: String, _ code: String, _ unit: Unit, _ exponent: Int, _ title: String,
            minus: String? = nil, tariffs: [String] = [], isCounter: Bool = false
        ) -> ObisSource? {
            guard let obis = ObisCode(code) else { return nil }
            var parts: [Part] = tariffs.compactMap(ObisCode.init).map { Part(code: $0, sign: 1) }
            if let minus, let pair = Self.importPair[minus] {
                parts += zip(pair, [1, -1]).compactMap { text, sign in
                    ObisCode(text).map { Part(code: $0, sign: sign) }
                }
            }
            return ObisSource(
                code: obis,
                channel: ChannelDescription(
                    source: name, unit: unit, exponent: exponent, title: title,
                    plausibility: isCounter ? .meterTotal : .possible(unit, exponent: exponent),
                    pollPeriod: isCounter ? .seconds(60) : .seconds(10),
                    capturePeriod: isCounter ? .seconds(300) : .seconds(60), code: obis.description,
                    isDefault: defaults.contains(name)), parts: parts)
        }
        func energy(_ name: String, _ c: Int, _ unit: Unit, _ what: String) -> [ObisSource?] {
            [
                source(
                    name, "1-0:\(c).8.0", unit, -1, what,
                    tariffs: ["1-0:\(c).8.1", "1-0:\(c).8.2"], isCounter: true)
            ]
                + [1, 2].map {
                    source(
                        "\(name)-t\($0)", "1-0:\(c).8.\($0)", unit, -1, "\(what), tariff \($0)",
                        isCounter: true)
                }
        }
        var list: [ObisSource?] =
            energy("energy-import", 1, .wattHour, "Active energy taken from the grid")
            + energy("energy-export", 2, .wattHour, "Active energy given to the grid")
            + energy("energy-reactive-import", 3, .varHour, "Reactive energy taken")
            + energy("energy-reactive-export", 4, .varHour, "Reactive energy given")
        list += [
            source(
                "power-active", "1-0:16.7.0", .watt, -2, "Active power, import less export",
                minus: ""),
            source("power-import", "1-0:1.7.0", .watt, -2, "Active power taken from the grid"),
            source("power-export", "1-0:2.7.0", .watt, -2, "Active power given to the grid"),
            source(
                "power-reactive-import", "1-0:3.7.0", .reactivePower, -1, "Reactive power taken"),
            source(
                "power-reactive-export", "1-0:4.7.0", .reactivePower, -1, "Reactive power given"),
            source("frequency", "1-0:14.7.0", .hertz, -2, "Mains frequency"),
            source("power-factor", "1-0:13.7.0", .powerFactor, -3, "Power factor"),
            source("power-demand", "1-0:1.4.0", .watt, 0, "Mean power of this quarter of an hour"),
            source("power-demand-max", "1-0:1.6.0", .watt, 0, "Highest mean power of this month"),
            source("tariff", "0-0:96.14.0", .count, 0, "Tariff in force"),
            source("power-failures", "0-0:96.7.21", .count, 0, "Power failures"),
            source("power-failures-long", "0-0:96.7.9", .count, 0, "Long power failures"),
        ]
        for (phase, c) in [(1, 20), (2, 40), (3, 60)] {
            list += [
                source(
                    "power-active-l\(phase)", "1-0:\(c + 16).7.0", .watt, -2,
                    "Active power, import less export, L\(phase)", minus: "\(phase)"),
                source(
                    "power-import-l\(phase)", "1-0:\(c + 1).7.0", .watt, -2,
                    "Active power taken, L\(phase)"),
                source(
                    "power-export-l\(phase)", "1-0:\(c + 2).7.0", .watt, -2,
                    "Active power given, L\(phase)"),
                source("voltage-l\(phase)", "1-0:\(c + 12).7.0", .volt, -1, "Voltage, L\(phase)"),
                source("current-l\(phase)", "1-0:\(c + 11).7.0", .ampere, -2, "Current, L\(phase)"),
            ]
        }
        return list.compactMap { $0 }
    }

    private static let importPair = [
        "": ["1-0:1.7.0", "1-0:2.7.0"], "1": ["1-0:21.7.0", "1-0:22.7.0"],
        "2": ["1-0:41.7.0", "1-0:42.7.0"], "3": ["1-0:61.7.0", "1-0:62.7.0"],
    ]
}

extension [ObisSource] {
    /// - Throws: `.invalidComponent` when there is no such source.
    func source(of channel: DataChannel) throws(DriverError) -> ObisSource {
        guard let source = first(where: { $0.channel.source == channel.source }) else {
            throw channel.unknownSource(among: map(\.channel.source))
        }
        return source
    }

    /// The readings of the due channels that a telegram has.
    func answers(
        for due: [DataChannel], in values: ObisValues
    ) throws(DriverError) -> [Answer] {
        var answers: [Answer] = []
        for channel in due {
            let source = try source(of: channel)
            answers.append(
                channel.answer { () throws(DriverError) in try values.number(of: source) })
        }
        return answers
    }

    /// The sources with a component's own ones in front, which are of the form `ownForm`.
    ///
    /// - Throws: `.invalidComponent` for a code or name that cannot be.
    func adding(_ settings: Settings) throws(DriverError) -> [ObisSource] {
        var own: [ObisSource] = []
        for node in settings["values"]?.list ?? [] {
            let value = Settings(node, described: ObisSource.ownForm)
            guard let code = ObisCode(try value.text("code")), code.period == 255 else {
                throw value.bad("code", "an OBIS code such as \"1-0:1.8.0\"")
            }
            let channel = try RegisterSettings.channel(
                value, usualExponent: -1, code: code.description)
            guard !(map(\.channel.source) + own.map(\.channel.source)).contains(channel.source)
            else {
                throw value.bad("name", "another name: \(channel.source) is already in use")
            }
            own.append(ObisSource(code: code, channel: channel))
        }
        return own + self
    }
}

extension ObisSource {
    /// The setting with what a meter sends beyond the usual.
    static let ownValues = SettingDescription(
        optional: "values", .list(.group(ownForm)), "What the meter sends beyond the usual sources."
    )

    fileprivate static let ownForm =
        [SettingDescription("code", .text, "The OBIS code, such as \"1-0:15.7.0\".")]
        + RegisterSettings.described.filter {
            [
                "name", "unit", "exponent", "title", "counter", "lowest", "highest",
                "largestStep", "pollPeriod", "capturePeriod", "captureDelta",
            ].contains($0.name)
        }
}

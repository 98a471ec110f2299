import ArgumentParser
import Documents
import DriverKit
import Drivers
import Health
import Nodes
import StandardCodecs
import Vocabulary

@testable import Layouts
@testable import tidegate

/// The parts of the pages that the program describes itself, each under a name of its own.
enum Blocks {
    static var all: [String: [String]] {
        var blocks = [
            "commands": commandTable, "drivers": driverTable, "units": unitTable,
            "keys of a secret": keys(secret), "counts of a link": counts(LinkCount.self),
            "counts of a queue": counts(QueueCount.self),
            "counts of a node": counts(NodeCount.self),
            "devices": devices, "keys of a profile": rows(of: DeviceProfile.described),
        ]
        for (words, command) in commands { blocks["command \(words)"] = help(of: command) }
        for section in sections { blocks["keys of \(section.noun)"] = keys(section.keys) }
        for driver in drivers { blocks["driver \(driver.model)"] = page(of: driver) }
        return blocks
    }

    // MARK: Commands

    /// Every command that does something by itself, with the words that call it.
    private static var commands: [(words: String, command: any ParsableCommand.Type)] {
        leaves(of: Tidegate.self, words: "tidegate")
    }

    private static func leaves(
        of command: any ParsableCommand.Type, words: String
    ) -> [(words: String, command: any ParsableCommand.Type)] {
        let below = command.configuration.subcommands
        guard !below.isEmpty else { return [(words, command)] }
        return below.flatMap { leaves(of: $0, words: "\(words) \($0._commandName)") }
    }

    private static var commandTable: [String] {
        table(
            ["Command", "What it does"],
            commands.map { words, command in
                let place = words.replacing(" ", with: "-")
                return ["[`\(words)`](#\(place))", phrase(command.configuration.abstract)]
            })
    }

    /// What `--help` prints, but for the options that all have.
    private static func help(of command: any ParsableCommand.Type) -> [String] {
        let text = Tidegate.helpMessage(for: command, columns: 100)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            .filter { !$0.hasPrefix("  --version ") && !$0.hasPrefix("  -h, --help ") }
        while lines.last?.isEmpty == true || lines.last == "OPTIONS:" { lines.removeLast() }
        return ["```"] + lines + ["```"]
    }

    // MARK: Layouts

    /// Every section that a layout may have, found from its root.
    private static var sections: [LayoutSection] {
        var found = [LayoutSection.component]
        func look(at section: LayoutSection) {
            guard !found.contains(where: { $0.noun == section.noun }) else { return }
            found.append(section)
            for key in section.keys {
                if case .section(let inner) = key.form { look(at: inner) }
                if case .sections(let inner, _) = key.form { look(at: inner) }
            }
        }
        look(at: .layout(.standard))
        return found
    }

    private static var unitTable: [String] {
        table(["Unit", "Symbol"], Unit.allCases.map { ["`\($0.rawValue)`", $0.symbol] })
    }

    private static let secret = [
        LayoutKey("file", .text(.path), .optional, "A UTF-8 file whose first line is the secret."),
        LayoutKey("environment", .value(.text), .optional, "An environment variable."),
        LayoutKey("credential", .value(.text), .optional, "A credential that systemd hands over."),
    ]

    private static func keys(_ keys: [LayoutKey]) -> [String] {
        table(
            ["Key", "Form", "Default", "Meaning"],
            keys.map { key in
                let standard: String
                switch key.need {
                case .required: standard = "**required**"
                case .optional: standard = "–"
                case .defaults(let value): standard = code(value)
                }
                return ["`\(key.name)`", phrase(of: key.form), standard, phrase(key.help)]
            })
    }

    private static func phrase(of form: KeyForm) -> String {
        switch form {
        case .value(let form): phrase(of: form)
        case .text(let form): noun(form.words)
        case .texts(let form): "list: \(noun(form.words))"
        case .number(let numbers): numbers.map(String.init).joined(separator: ", ")
        case .secret: "[secret](#secrets)"
        case .component: "component, or a component's name"
        case .components(let most): "list of components, at most \(most)"
        case .section(let section): "object: \(noun(section.noun))"
        case .sections(let section, let most):
            "list: \(noun(section.noun))" + (most.map { ", at most \($0)" } ?? "")
        }
    }

    // MARK: Drivers

    private static var drivers: [DriverDescription] {
        DriverRegistry.standard.drivers.map { $0.description }
    }

    private static var driverTable: [String] {
        table(
            ["Driver", "Device", "Wire", "Kind of node"],
            drivers.map { driver in
                [
                    "[`\(driver.model)`](\(driver.model).md)", phrase(driver.title), driver.wire,
                    driver.kinds.map(\.rawValue).joined(separator: ", "),
                ]
            })
    }

    private static func page(of driver: DriverDescription) -> [String] {
        let kinds = driver.kinds.map(\.rawValue).joined(separator: ", ")
        var lines = table(
            ["Wire", "Kind of node", "Source"], [[driver.wire, kinds, phrase(driver.source)]])
        if !driver.notes.isEmpty { lines += [""] + driver.notes.map { "- \(phrase($0))" } }
        lines += ["", "## Settings", ""] + settings(driver.settings)
        lines += ["", "## Channels", ""]
        lines +=
            driver.channels.isEmpty
            ? ["The channels depend on the settings."] : channels(driver.channels)
        return lines
    }

    private static func settings(_ settings: [SettingDescription]) -> [String] {
        var lines = rows(of: settings)
        for setting in settings {
            switch setting.form {
            case .group(let inner), .list(.group(let inner)):
                lines += ["", "### In `\(setting.name)`", ""] + self.settings(inner)
            default: break
            }
        }
        return lines
    }

    private static func rows(of settings: [SettingDescription]) -> [String] {
        table(
            ["Key", "Form", "Default", "Meaning"],
            settings.map { setting in
                let standard =
                    setting.defaultValue.map(code) ?? (setting.isOptional ? "–" : "**required**")
                return [
                    "`\(setting.name)`", phrase(of: setting.form), standard, phrase(setting.help),
                ]
            })
    }

    private static func channels(_ channels: [ChannelDescription]) -> [String] {
        let haveCodes = channels.contains { $0.code != nil }
        let haveDefaults = channels.contains { !$0.isDefault }
        return table(
            ["Source"] + (haveCodes ? ["Code"] : []) + (haveDefaults ? ["Default"] : [])
                + ["Unit", "Step", "Poll", "Capture", "On a change of", "What"],
            channels.map { channel in
                let delta = channel.captureDelta.map {
                    "\(DecimalNumber(mantissa: $0, exponent: channel.exponent))"
                }
                return ["`\(channel.source)`"]
                    + (haveCodes ? [channel.code.map { "`\($0)`" } ?? "–"] : [])
                    + (haveDefaults ? [channel.isDefault ? "yes" : "–"] : [])
                    + [
                        "`\(channel.unit.rawValue)`", "10^\(channel.exponent)",
                        channel.pollPeriod.layoutText, channel.capturePeriod.layoutText,
                        delta ?? (channel.unit.isDiscrete ? "1" : "–"), phrase(channel.title),
                    ]
            })
    }

    /// What each profile is for, by maker.
    private static var devices: [String] {
        let profiles = DeviceProfile.builtInNames.compactMap(DeviceProfile.builtIn)
            .sorted { ($0.maker.lowercased(), $0.name) < ($1.maker.lowercased(), $1.name) }
        return table(
            ["Maker", "Device", "Models", "Profile", "Registers"],
            profiles.map { profile in
                [
                    profile.maker, phrase(profile.title), profile.models.joined(separator: ", "),
                    "`\(profile.name)`", "\(profile.registers.count)",
                ]
            })
    }

    private static func phrase(of form: SettingForm) -> String {
        switch form {
        case .text: "text"
        case .choice(let words) where words == Unit.allCases.map(\.rawValue): "a unit"
        case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
        case .flag: "`true` or `false`"
        case .whole(let range) where range.upperBound == .max:
            "whole number from \(range.lowerBound)"
        case .whole(let range): "whole number, \(range.lowerBound) to \(range.upperBound)"
        case .decimal: "number"
        case .rawNumber: "whole number, or a text such as `\"0x8000\"`"
        case .duration(let range):
            "duration, `\(range.lowerBound.layoutText)` to `\(range.upperBound.layoutText)`"
        case .line: "GPIO line"
        case .bus: "name of a bus"
        case .unit: "whole number, 1 to 247; over Modbus TCP 0 to 255"
        case .profile: "name of a [profile](../profiles.md)"
        case .list(let form): "list: \(phrase(of: form))"
        case .group: "object, below"
        }
    }

    // MARK: Counts

    private static func counts<Key: Count>(_ counts: Key.Type) -> [String] {
        table(
            ["Count", "Kind", "Unit", "Meaning"],
            Key.allCases.map { count in
                let about = count.about
                return [
                    "`\(count.key)`", about.kind.rawValue,
                    about.unit == .count ? "–" : about.unit.symbol,
                    (about.owners.map { "of \($0): " } ?? "") + about.help,
                ]
            })
    }

    // MARK: Text

    /// A sentence as a table cell holds it.
    private static func phrase(_ sentence: String) -> String {
        let text = sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
        return text.prefix(1).uppercased() + text.dropFirst()
    }

    /// What a form is called, without its article and without its rules.
    private static func noun(_ words: String) -> String {
        let name = words.firstRange(of: ": ").map { words[..<$0.lowerBound] } ?? words[...]
        for article in ["a ", "an ", "the "] where name.hasPrefix(article) {
            return String(name.dropFirst(article.count))
        }
        return String(name)
    }

    private static func code(_ value: JsonValue) -> String { "`\(value.prettyText)`" }

    private static func table(_ head: [String], _ rows: [[String]]) -> [String] {
        let line = { (cells: [String]) in
            "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
        }
        return [line(head), line(head.map { _ in "---" })] + rows.map(line)
    }
}

import ArgumentParser
import Documents
import DriverKit
import Drivers
import Host
import Vocabulary

package struct DriversCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "drivers",
        abstract: "List the drivers: their wires, channels and units, and settings with defaults.")

    @Argument(help: "Only these drivers.")
    var models: [String] = []

    @Option(
        help: "The registers of this profile of modbus-meter: its name, or the path of its file.")
    package var profile: String?

    @Flag(help: "List the profiles of modbus-meter.")
    package var profiles = false

    @Option(help: "Also the profiles beside this layout.", completion: .file(extensions: ["json"]))
    package var layout: String?

    package init() {}

    package func run() throws {
        if profile != nil || profiles {
            if let other = models.first(where: { $0 != ModbusMeterDriver.model.text }) {
                Output.error("tidegate: driver \(other) has no profiles; modbus-meter has")
                throw ExitStatus.failure.code
            }
            let shelf = ProfileShelf(layout: layout)
            return if let profile { try shelf.show(profile) } else { shelf.list() }
        }
        let registry = DriverRegistry.standard
        for model in models where DriverModel(model).flatMap({ registry[$0] }) == nil {
            Output.error("tidegate: \(registry.unknown(model))")
            throw ExitStatus.failure.code
        }
        for driver in registry.drivers where models.isEmpty || models.contains(driver.model.text) {
            show(driver.description)
        }
    }

    private func show(_ driver: DriverDescription) {
        Output.line("\(driver.model): \(driver.title)")
        Output.line("  wire: \(driver.wire)")
        Output.line("  kinds: \(driver.kinds.map(\.rawValue).joined(separator: ", "))")
        Output.line("  source: \(driver.source)")
        for note in driver.notes { Output.line("  note: \(note)") }
        if driver.channels.isEmpty {
            Output.line("  channels: from the settings")
        } else {
            var channels = Table("    CHANNEL", "CODE", "UNIT", "STEP", "POLL", "CAPTURE", "WHAT")
            for channel in driver.channels {
                channels.add(
                    "    \(channel.source)", channel.code ?? "-", channel.unit.rawValue,
                    "10^\(channel.exponent)", channel.pollPeriod.layoutText,
                    channel.capturePeriod.layoutText, channel.title)
            }
            channels.lines.forEach(Output.line)
        }
        if !driver.settings.isEmpty { show(driver.settings, indent: "    ") }
        Output.line("")
    }

    private func show(_ settings: [SettingDescription], indent: String) {
        var table = Table("\(indent)SETTING", "DEFAULT", "FORM", "WHAT")
        for setting in settings {
            let standard =
                setting.defaultValue?.quoted ?? (setting.isOptional ? "absent" : "required")
            table.add("\(indent)\(setting.name)", standard, setting.form.words, setting.help)
        }
        table.lines.forEach(Output.line)
    }
}

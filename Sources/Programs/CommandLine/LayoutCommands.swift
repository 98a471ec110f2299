import ArgumentParser
import DriverKit
import Drivers
import Host
import Layouts
import StandardCodecs
import Vocabulary

package struct LayoutCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "layout",
        abstract: "Check, show, compare, describe and import hardware layouts.",
        subcommands: [
            LayoutCheckCommand.self, LayoutShowCommand.self, LayoutDiffCommand.self,
            LayoutSchemaCommand.self, LayoutImportCommand.self,
        ])

    package init() {}
}

struct LayoutCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validate layout files: report every error with file and line.",
        discussion:
            "Ends with 0 when all files are good, 1 when one has problems, 66 when one cannot be read."
    )

    @Argument(help: "The layout files.", completion: .file(extensions: ["json"]))
    var files: [String]

    func run() throws {
        var worst = ExitStatus.success
        for file in files {
            // `hardware-layouts/*.json` also matches the schema that ships beside the layouts.
            if file.hasSuffix(".schema.json") {
                Output.line("\(file): a schema, not a layout")
                continue
            }
            do throws(MachineError) {
                let loaded = try LoadedLayout(file, mayBePipe: true)
                loaded.reportDoubts { Output.line("warning: \($0)") }
                if loaded.layout == nil {
                    loaded.reportProblems(Output.line)
                    if worst == .success { worst = .failure }
                } else {
                    Output.line("\(file): good")
                }
            } catch {
                Output.error("tidegate: cannot read \(error.detail)")
                worst = .noInput
            }
        }
        if worst != .success { throw worst.code }
    }
}

struct LayoutShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what a layout defines: nodes, threads, wires, channels and topics.")

    @Argument(help: "The layout file.", completion: .file(extensions: ["json"]))
    var file: String

    func run() throws {
        let layout = try LoadedLayout.valid(file)
        Output.line("gateway \(layout.gateway)\n")
        var nodes = Table("NODE", "KIND", "THREAD", "DRIVER", "WIRE", "SAFE STATE", "TITLE")
        for node in layout.nodes {
            nodes.add(
                node.name.text, node.kind.rawValue, String(node.name.text.prefix(15)),
                node.component.model.text, wire(of: node.component),
                node.component.safeState?.rawValue ?? "", node.title)
        }
        nodes.lines.forEach(Output.line)
        Output.line("")
        var channels = Table("CHANNEL", "NODE", "UNIT", "STEP", "POLL", "CAPTURE", "ON CHANGE OF")
        for channel in layout.nodes.flatMap(\.component.channels) {
            channels.add(
                channel.name.text, channel.node.text, channel.unit.rawValue,
                "10^\(channel.exponent)", channel.pollPeriod.layoutText,
                channel.capture.period.layoutText,
                channel.capture.delta.map { "\(channel.decimal($0))" } ?? "")
        }
        channels.lines.forEach(Output.line)
        showGuards(layout)
        showBuses(layout)
        showTopics(layout)
    }

    private func showGuards(_ layout: HardwareLayout) {
        let guarded = layout.nodes.filter { $0.rules != GuardRules() }
        if !guarded.isEmpty {
            Output.line("")
            var rules = Table("RELAY", "LIMITS", "CONTROLLER", "FAILSAFE AFTER", "FEEDBACK")
            for node in guarded {
                let feedback = node.rules.feedback.map {
                    "\($0.channel) within \($0.within.layoutText)"
                }
                rules.add(
                    node.name.text, node.rules.limits.words,
                    node.rules.controller.map { "upstream \($0)" } ?? "any",
                    node.rules.failsafeAfter?.layoutText ?? "never", feedback ?? "its own line")
            }
            rules.lines.forEach(Output.line)
        }
        guard !layout.interlocks.isEmpty else { return }
        Output.line("")
        var interlocks = Table("INTERLOCK", "DEAD TIME")
        for interlock in layout.interlocks {
            switch interlock {
            case .atMostOne(let relays, let deadTime):
                interlocks.add(
                    "at most one of \(relays.map(\.text).joined(separator: ", ")) is on",
                    deadTime.layoutText)
            case .onlyWhile(let relay, let needed):
                interlocks.add("\(relay) is on only while \(needed) is", "")
            }
        }
        interlocks.lines.forEach(Output.line)
    }

    private func wire(of component: Component) -> String {
        let claims = (try? DriverRegistry.standard[component.model]?.claims(of: component)) ?? []
        let bus = component.settings["bus"]?.text
        let first =
            bus.map { "bus \($0)" } ?? claims.first?.wire
            ?? DriverRegistry.standard[component.model]?.description.wire ?? ""
        return first + (component.isSimulated ? " (simulated)" : "")
    }

    private func showBuses(_ layout: HardwareLayout) {
        guard !layout.buses.isEmpty else { return }
        Output.line("")
        var buses = Table("BUS", "LINE", "GAP", "REQUESTS", "LOAD")
        for plan in layout.busPlans(registry: .standard) {
            let line =
                switch plan.bus.line {
                case .serial(let serial): "\(serial.port) at \(serial.baud) baud"
                case .tcp(let host, let port, let carriesRtu):
                    "\(host):\(port)" + (carriesRtu ? " (RTU frames)" : "")
                }
            buses.add(
                plan.bus.name.text, line, plan.bus.gap.layoutText,
                "\(plan.requestsPerMinute)/min", "\(plan.percent) %")
        }
        buses.lines.forEach(Output.line)
    }

    private func showTopics(_ layout: HardwareLayout) {
        for upstream in layout.upstreams {
            Output.line("\nupstream \(upstream.name)")
            var topics = Table("TOPIC", "WHAT")
            for topic in upstream.codec.settings.topics(of: layout, on: upstream) {
                topics.add(topic.topic, topic.what)
            }
            topics.lines.forEach(Output.line)
        }
    }
}

extension SwitchLimits {
    /// The limits in the words of the layout; empty when there is none.
    fileprivate var words: String {
        let times = [
            ("minimumOnTime", minimumOnTime), ("minimumOffTime", minimumOffTime),
            ("maximumOnTime", maximumOnTime),
        ]
        var words = times.compactMap { name, time in time.map { "\(name) \($0.layoutText)" } }
        if let maximumSwitchesPerHour {
            words.append("maximumSwitchesPerHour \(maximumSwitchesPerHour)")
        }
        if queuesEarlyCommands { words.append("queueEarlyCommands") }
        return words.joined(separator: ", ")
    }
}

struct LayoutDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Show what a reload from one layout to another changes.",
        discussion:
            "Ends with 0 when the layouts are equal, 1 when they differ, 65 when one has problems, 66 "
            + "when one cannot be read.")

    @Argument(help: "The running layout.", completion: .file(extensions: ["json"]))
    var old: String

    @Argument(help: "The new layout.", completion: .file(extensions: ["json"]))
    var new: String

    func run() throws {
        let (old, new) = (try valid(old), try valid(new))
        let diff = LayoutDiff(from: old, to: new)
        diff.lines.forEach(Output.line)
        if !diff.isEmpty { throw ExitStatus.failure.code }
    }

    /// As every command has it, but that 1 means something else here.
    private func valid(_ path: String) throws -> HardwareLayout {
        do {
            return try LoadedLayout.valid(path)
        } catch let code as ExitCode where code == ExitStatus.failure.code {
            throw ExitStatus.data.code
        }
    }
}

struct LayoutSchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema (2020-12) of hardware layouts.")

    func run() { Output.write(LayoutSchema.text(registry: .standard, codecs: .standard), to: 1) }
}

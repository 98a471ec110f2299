import ArgumentParser
import Host
import Journals
import Layouts
import Vocabulary

/// Which gateway's journal a command is about.
package struct JournalOptions: ParsableArguments {
    @Argument(
        help:
            "The layout of the gateway. Default: the state directory on this machine, printed on standard error.",
        completion: .file(extensions: ["json"]))
    package var layout: String?

    @Option(help: "The gateway's state directory, instead of a layout.")
    package var stateDirectory: String?

    @Flag(help: "The journal of simulated runs.")
    package var simulated = false

    package init() {}

    /// Where the journal is in a state directory.
    package static func path(in directory: String) -> String { "\(directory)/\(file)" }

    private static let file = "journal.sqlite"

    /// Opens the journal; reports why it cannot be and ends the command otherwise.
    package func open(isWriting: Bool = false) throws -> JournalInspector {
        let directory = try directory()
        let path = Self.path(in: directory)
        let other = Self.path(in: ResolvedSettings.simulatedDirectory(in: directory))
        if !Machine.exists(path), Machine.exists(other) {
            Output.error(
                "tidegate: \(path): does not exist; that of simulated runs does: --simulated")
            throw ExitStatus.noInput.code
        }
        do throws(JournalError) {
            return try JournalInspector(path: path, isWriting: isWriting)
        } catch {
            Output.error("tidegate: \(error.detail)")
            throw ExitStatus.noInput.code
        }
    }

    /// For how long facts are gathered for each upstream, as far as a layout says. One that is not valid is
    /// reported, and ends the command only when nothing else says where the journal is.
    func gathering() throws -> [UpstreamName: Duration] {
        guard let layout else { return [:] }
        let loaded: HardwareLayout
        do {
            loaded = try LoadedLayout.valid(layout)
        } catch {
            guard stateDirectory != nil else { throw error }
            return [:]
        }
        return Self.gathering(of: loaded)
    }

    /// For how long facts are gathered for each upstream of a layout.
    package static func gathering(of layout: HardwareLayout) -> [UpstreamName: Duration] {
        let periods = layout.upstreams.compactMap { upstream in
            upstream.codec.settings.schedule.report.map { (upstream.name, $0) }
        }
        return Dictionary(periods) { first, _ in first }
    }

    /// Where the journal is. One that was found and not named is named on standard error.
    private func directory() throws -> String {
        if let stateDirectory { return apart(Machine.absolute(stateDirectory)) }
        guard let layout else {
            if let given = Machine.environment("TIDEGATE_STATE_DIRECTORY") {
                return apart(Machine.absolute(given))
            }
            return apart(try found(of: nil))
        }
        let loaded = try LoadedLayout.valid(layout)
        do {
            let settings = try ResolvedSettings(
                ResolvedSettings.CommandLine(simulate: simulated ? true : nil),
                environment: Machine.environment,
                layout: loaded.settings, gateway: loaded.gateway, isTerminal: false)
            if case .standard = settings.stateDirectory.origin {
                return apart(try found(of: loaded.gateway))
            }
            return settings.dataDirectory
        } catch let mistakes as ResolvedSettings.Mistakes {
            for line in mistakes.lines { Output.error("tidegate: \(line)") }
            throw ExitStatus.configuration.code
        }
    }

    /// Simulated runs keep their journal in a folder of its own.
    private func apart(_ directory: String) -> String {
        simulated ? ResolvedSettings.simulatedDirectory(in: directory) : directory
    }

    /// Where there is such a file: those of gateways that run now, and all, the running ones first.
    private static func places(
        with file: String, of gateway: GatewayName?
    ) -> (running: [String], all: [String]) {
        let running = RunFile.all().filter { gateway == nil || $0.gateway == gateway }
            .compactMap(\.stateDirectory)
            .filter { Machine.exists("\($0)/\(file)") }
        let others = StateFinder().directories(with: file, of: gateway)
        return (running, running + others.filter { !running.contains($0) })
    }

    private func found(of gateway: GatewayName?) throws -> String {
        let file = simulated ? Self.path(in: "simulated") : Self.file
        let (running, all) = Self.places(with: file, of: gateway)
        guard let first = all.first else {
            let other = simulated ? Self.file : Self.path(in: "simulated")
            if !Self.places(with: other, of: gateway).all.isEmpty {
                Output.error(
                    simulated
                        ? "tidegate: no simulated run has a journal here; a real one has: leave out --simulated"
                        : "tidegate: only simulated runs have a journal here: add --simulated")
                throw ExitStatus.noInput.code
            }
            let own = ResolvedSettings.standardStateDirectory(
                Machine.environment, name: gateway?.text ?? "*")
            let closed =
                StateFinder.isServiceClosed
                ? "\(StateFinder.service) belongs to the service: run this as root"
                : "name its --state-directory" + (gateway == nil ? ", or its layout" : "")
            Output.error(
                "tidegate: no journal in \(own) or \(StateFinder.service); \(closed)")
            throw ExitStatus.noInput.code
        }
        let others = all.dropFirst().joined(separator: ", ")
        guard gateway != nil || others.isEmpty || running.count == 1 else {
            Output.error(
                "tidegate: several gateways have state on this machine; choose one with --state-directory: "
                    + all.joined(separator: ", "))
            throw ExitStatus.configuration.code
        }
        Output.error(
            "tidegate: state directory \(first)"
                + (others.isEmpty
                    ? "" : running.isEmpty ? ", the newest; others: " : ", in use now; others: ")
                + others)
        return first
    }
}

/// Runs `body`, and reports what is wrong with the journal when it throws.
func withJournal<Result>(_ body: () throws(JournalError) -> Result) throws -> Result {
    do throws(JournalError) {
        return try body()
    } catch {
        Output.error("tidegate: \(error.detail)")
        throw ExitStatus.unavailable.code
    }
}

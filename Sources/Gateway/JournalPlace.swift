import ArgumentParser
import Journals
import Layouts
import Vocabulary

/// Which gateway's journal a command is about.
struct JournalPlace: ParsableArguments {
    @Argument(help: "The layout of the gateway.", completion: .file(extensions: ["json"]))
    var layout: String?

    @Option(help: "The gateway's state directory, instead of a layout.")
    var stateDirectory: String?

    func validate() throws {
        if layout == nil, stateDirectory == nil,
            Machine.environment("TIDEGATE_STATE_DIRECTORY") == nil
        {
            throw ValidationError("name the gateway's layout, or its --state-directory")
        }
    }

    /// Where the journal is in a state directory.
    static func path(in directory: String) -> String { "\(directory)/journal.sqlite" }

    /// Opens the journal; tells why it cannot be and ends the command otherwise.
    func open(isWriting: Bool = false) throws -> JournalInspector {
        let path = Self.path(in: try directory())
        do throws(JournalError) {
            return try JournalInspector(path: path, isWriting: isWriting)
        } catch {
            Output.error("tidegate: \(error.detail)")
            throw ExitStatus.noInput.code
        }
    }

    /// For how long facts are gathered for each upstream, as far as a layout says. One that is not valid is
    /// told of, and ends the command only when nothing else says where the journal is.
    func gathering() throws -> [UpstreamName: Duration] {
        guard let layout else { return [:] }
        let loaded: HardwareLayout
        do {
            loaded = try LoadedLayout.valid(layout)
        } catch {
            guard stateDirectory != nil else { throw error }
            return [:]
        }
        let periods = loaded.upstreams.compactMap { upstream in
            if case .gridworks(let link) = upstream.codec {
                (upstream.name, link.reportPeriod)
            } else {
                nil
            }
        }
        return Dictionary(periods) { first, _ in first }
    }

    private func directory() throws -> String {
        if let stateDirectory { return stateDirectory }
        guard let layout else { return Machine.environment("TIDEGATE_STATE_DIRECTORY") ?? "" }
        let loaded = try LoadedLayout.valid(layout)
        do {
            return try ResolvedSettings(
                ResolvedSettings.CommandLine(), environment: Machine.environment,
                layout: loaded.settings, gateway: loaded.gateway, isTerminal: false
            ).stateDirectory.value
        } catch {
            for line in error.lines { Output.error("tidegate: \(line)") }
            throw ExitStatus.configuration.code
        }
    }
}

/// Runs `body`, and tells what is wrong with the journal when it throws.
func withJournal<Result>(_ body: () throws(JournalError) -> Result) throws -> Result {
    do throws(JournalError) {
        return try body()
    } catch {
        Output.error("tidegate: \(error.detail)")
        throw ExitStatus.unavailable.code
    }
}

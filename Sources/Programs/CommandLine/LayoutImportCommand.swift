import ArgumentParser
import Documents
import Drivers
import Glibc
import Gridworks
import Host
import Layouts
import StandardCodecs
import Threads
import Vocabulary

struct LayoutImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Convert a GridWorks hardware layout to a Tidegate layout.",
        discussion: """
            The layout goes to standard output, with comments on what to fill in. What has no \
            driver here, what is simulated and what to do before the first run goes to standard error.

            Ends with 0 when the layout was imported, 1 when it has problems, 66 when it cannot be read.
            """)

    @Argument(help: "The GridWorks hardware-layout.json.", completion: .file(extensions: ["json"]))
    var file: String

    @Option(
        help: "The file gw.*.operational.params.json that has the periods of a newer layout.",
        completion: .file(extensions: ["json"]))
    var operationalParams: String?

    @Option(help: "The output file, instead of standard output.")
    var output: String?

    @Flag(help: "Leave out the upstream of the GridWorks link, for a local gateway.")
    var noUpstream = false

    func run() throws {
        var tunings: GridworksTunings?
        if let operationalParams {
            let (read, problems) = GridworksTunings.read(try bytes(of: operationalParams))
            guard let read else { throw refused(problems, of: operationalParams) }
            tunings = read
        }
        let (layout, problems) = GridworksLayout.read(try bytes(of: file), tunings: tunings)
        guard let layout else { throw refused(problems, of: file) }
        let made = LayoutImport(layout, hasUpstream: !noUpstream)
        for note in made.notes { Output.error(note) }
        guard !made.isEmpty else {
            Output.error("\(file): no node in it has a driver")
            throw ExitStatus.failure.code
        }
        let doubts = LayoutReader.read(
            Array(made.text.utf8), registry: .standard, codecs: .standard
        ).problems
        guard doubts.isEmpty else { throw refused(doubts, of: "\(file), imported") }
        try write(made.text)
    }

    private func bytes(of file: String) throws -> [UInt8] {
        do {
            return try Machine.bytes(
                of: file, limit: LayoutFile.longest, pipeLimit: LayoutFile.pipeLimit)
        } catch {
            Output.error("tidegate: cannot read \(error.detail)")
            throw ExitStatus.noInput.code
        }
    }

    private func refused(_ problems: ProblemList, of name: String) -> ExitCode {
        problems.lines(about: name).forEach(Output.error)
        return ExitStatus.failure.code
    }

    private func write(_ text: String) throws {
        guard let output else {
            Output.write(text, to: STDOUT_FILENO)
            return
        }
        // An import that a user has filled in by hand since is not overwritten.
        // Sound: the path lives for the length of the call.
        let descriptor = unsafe open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            Output.error("tidegate: cannot create \(output): \(errorDescription(errno))")
            throw ExitStatus.failure.code
        }
        let isWritten = Output.write(text, to: descriptor)
        guard close(descriptor) == 0, isWritten else {
            Output.error("tidegate: cannot write \(output): \(errorDescription(errno))")
            throw ExitStatus.failure.code
        }
        Output.error("\(output): written; try it with: tidegate run \(output.shellWord) --simulate")
    }
}

import ArgumentParser
import Documents
import DriverKit
import Drivers
import Layouts
import StandardCodecs

/// A layout file, read and checked, as every command that takes one needs it.
struct LoadedLayout {
    let path: String
    /// What the file says, as it was read.
    let bytes: [UInt8]
    let layout: HardwareLayout?
    let problems: ProblemList

    /// - Parameter mayBePipe: Not for a gateway that runs: it would wait.
    /// - Throws: `MachineError` when the file cannot be read.
    init(_ path: String, mayBePipe: Bool = false) throws(MachineError) {
        let bytes = try Machine.bytes(
            of: path, limit: LayoutFile.longest,
            pipeLimit: mayBePipe ? LayoutFile.pipeLimit : nil)
        self.init(path, bytes)
    }

    init(_ path: String, _ bytes: [UInt8]) {
        (self.path, self.bytes) = (path, bytes)
        (layout, problems) = LayoutReader.read(bytes, registry: .standard, codecs: .standard)
    }

    /// The layout of a file without problems; tells all problems and ends the command otherwise.
    static func valid(_ path: String) throws -> HardwareLayout {
        try checked(path).layout
    }

    /// The same, with what the file says.
    static func checked(_ path: String) throws -> (layout: HardwareLayout, bytes: [UInt8]) {
        let loaded: LoadedLayout
        do {
            loaded = try LoadedLayout(path, mayBePipe: true)
        } catch {
            Output.error("tidegate: cannot read \(error.detail)")
            throw ExitStatus.noInput.code
        }
        guard let layout = loaded.layout else {
            loaded.reportProblems(Output.error)
            throw ExitStatus.failure.code
        }
        return (layout, loaded.bytes)
    }

    /// One line for each thing that the layout probably does not mean.
    func reportDoubts(_ line: (String) -> Void) {
        layout.map { Self.doubts(about: $0, in: path).forEach(line) }
    }

    static func doubts(about layout: HardwareLayout, in path: String) -> [String] {
        layout.doubts(registry: .standard).map { "\(path), \($0)" }
    }

    /// One line for each problem, and one that counts them.
    func reportProblems(_ line: (String) -> Void) {
        problems.lines(about: path).forEach(line)
    }
}

import ArgumentParser
import Documents
import DriverKit
import Drivers
import Host
import Layouts
import StandardCodecs
import Vocabulary

/// A layout file, read and checked, as every command that takes one needs it.
package struct LoadedLayout {
    package let path: String
    /// What the file says, as it was read.
    package let bytes: [UInt8]
    package let layout: HardwareLayout?
    package let problems: ProblemList
    /// The profiles that it names, each once, sorted.
    package let profiles: [String]

    /// - Parameter mayBePipe: Not for a gateway that runs: it would wait.
    /// - Throws: `MachineError` when the file cannot be read.
    package init(_ path: String, mayBePipe: Bool = false) throws(MachineError) {
        let bytes = try Machine.bytes(
            of: path, limit: LayoutFile.longest,
            pipeLimit: mayBePipe ? LayoutFile.pipeLimit : nil)
        self.init(path, bytes)
    }

    package init(_ path: String, _ bytes: [UInt8]) {
        (self.path, self.bytes) = (path, bytes)
        let files = ProfileFolders.files(beside: path)
        let asked = Guarded<Set<String>>([])
        (layout, problems) = LayoutReader.read(
            bytes, registry: .standard, codecs: .standard,
            profiles: ProfileFiles(
                find: { name in
                    asked.withLock { _ = $0.insert(name) }
                    return files.find(name)
                }, names: files.names, listing: files.listing))
        profiles = asked.withLock { $0.sorted() }
    }

    /// The layout of a file without problems; reports all problems and ends the command otherwise.
    package static func valid(_ path: String) throws -> HardwareLayout {
        try checked(path).layout
    }

    /// The same, with what the file says and the profiles that it names.
    package static func checked(
        _ path: String
    ) throws -> (layout: HardwareLayout, bytes: [UInt8], profiles: [String]) {
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
        return (layout, loaded.bytes, loaded.profiles)
    }

    /// One line for each thing that the layout probably does not mean.
    package func reportDoubts(_ line: (String) -> Void) {
        layout.map { Self.doubts(about: $0, in: path).forEach(line) }
    }

    package static func doubts(about layout: HardwareLayout, in path: String) -> [String] {
        layout.doubts(registry: .standard).map { "\(path), \($0)" }
    }

    /// One line for each problem, and one that counts them.
    package func reportProblems(_ line: (String) -> Void) {
        problems.lines(about: path).forEach(line)
    }
}

import DriverKit
import Layouts
import Vocabulary

/// The folders that hold the user's own profiles.
package enum ProfileFolders {
    /// Where packages put profiles for all layouts of a machine.
    package static let system = "/usr/share/tidegate/profiles"
    /// The longest profile that is read, in bytes: some thousand registers.
    package static let longest = 256 << 10
    private static let ending = ".json"

    /// Those beside a layout, then those of the machine.
    package static func folders(beside layout: String?) -> [String] {
        guard let layout else { return [system] }
        let folder = layout.lastIndex(of: "/").map { String(layout[...$0]) } ?? ""
        return [folder + "profiles", system]
    }

    /// The profiles beside a layout, then those of the machine.
    package static func files(beside layout: String?) -> ProfileFiles {
        var listing = "tidegate drivers --profiles"
        // What a shell hands over, as by <(…), is gone when the next command runs.
        if let layout, !layout.hasPrefix("/dev/") {
            listing += " --layout \(Machine.absolute(layout).shellWord)"
        }
        return files(in: folders(beside: layout), listing: listing)
    }

    /// The files and folders that keep some users from what is found under `names`, each once. A folder
    /// that may not be entered also hides whether it has a file of that name.
    ///
    /// - Parameter folders: Paths from the root.
    package static func closed(_ names: [String], in folders: [String]) -> [String] {
        var closed: [String] = []
        for name in names {
            for folder in folders {
                let path = "\(folder)/\(name)\(ending)"
                let isEnterable = Machine.isEnterableByAll(folder)
                let isAbsent = Machine.isAbsent(path)
                if !isEnterable {
                    closed.append(folder)
                } else if !isAbsent, !Machine.isReadableByAll(path) {
                    closed.append(path)
                }
                // The first that is there counts.
                if !isAbsent { break }
            }
        }
        var seen: Set<String> = []
        return closed.filter { seen.insert($0).inserted }
    }

    /// The profiles of several folders, those of the first before all others.
    ///
    /// - Parameter listing: The command that lists them.
    package static func files(
        in folders: [String], listing: String = "tidegate drivers --profiles"
    ) -> ProfileFiles {
        ProfileFiles(
            find: { name in
                for folder in folders {
                    let path = "\(folder)/\(name)\(ending)"
                    if !Machine.isAbsent(path) { return found(path, in: folder) }
                }
                return .missing
            },
            names: {
                let files = folders.flatMap { Machine.names(in: $0) }
                let names = files.filter { $0.hasSuffix(ending) }
                    .map { String($0.dropLast(ending.utf8.count)) }
                return Set(names.filter(ProfileForm.isName)).sorted()
            }, listing: listing)
    }

    /// The same for a file that is named by its path. What is tried elsewhere, as in /tmp, may stand in any
    /// folder.
    package static func found(at path: String) -> ProfileFiles.Finding {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return found(path, in: folder == "profiles" || folder.hasSuffix("/profiles") ? folder : "")
    }

    /// A profile decides what is asked of devices, so no other user may have written it.
    private static func found(_ path: String, in folder: String) -> ProfileFiles.Finding {
        guard !Machine.isWritableByAll(folder) else {
            return .unusable(
                "\(folder): may be written by all users; chmod o-w \(folder.shellWord)")
        }
        do throws(MachineError) {
            return .file(
                path: path, bytes: try Machine.bytes(of: path, limit: longest, isGuarded: true))
        } catch {
            return .unusable(error.detail)
        }
    }
}

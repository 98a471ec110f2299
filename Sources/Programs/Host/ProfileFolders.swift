import DriverKit
import Layouts

/// The folders that hold the user's own profiles.
package enum ProfileFolders {
    /// Where packages put profiles for all layouts of a machine.
    package static let system = "/usr/share/tidegate/profiles"
    /// The longest profile that is read, in bytes: some thousand registers.
    package static let longest = 256 << 10
    private static let ending = ".json"

    /// The profiles beside a layout, then those of the machine.
    package static func files(beside layout: String?) -> ProfileFiles {
        var folders: [String] = []
        if let layout {
            let folder = layout.lastIndex(of: "/").map { String(layout[...$0]) } ?? ""
            folders.append(folder + "profiles")
        }
        return files(in: folders + [system])
    }

    /// The profiles of several folders, those of the first before all others.
    package static func files(in folders: [String]) -> ProfileFiles {
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
            })
    }

    /// A profile decides what is asked of devices, so no other user may have written it.
    private static func found(_ path: String, in folder: String) -> ProfileFiles.Finding {
        guard !Machine.isWritableByAll(folder) else {
            return .unusable("\(folder): may be written by all users; chmod o-w \(folder)")
        }
        do throws(MachineError) {
            return .file(
                path: path, bytes: try Machine.bytes(of: path, limit: longest, isGuarded: true))
        } catch {
            return .unusable(error.detail)
        }
    }
}

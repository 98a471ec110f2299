import Documents
import Vocabulary
import DriverKit

/// Where the user's own profiles are looked for, before those that come with Tidegate.
public struct ProfileFiles: Sendable {
    /// What is found under a name.
    public enum Finding: Hashable, Sendable {
        case missing
        /// The file is there and may not be used; says which and why.
        case unusable(String)
        case file(path: String, bytes: [UInt8])
    }

    /// What is found under a name that `ProfileForm.isName` allows.
    public let find: @Sendable (_ name: String) -> Finding
    /// The names that there are, each once.
    public let names: @Sendable () -> [String]
    /// The command that lists these profiles and those that come with Tidegate.
    public let listing: String

    public init(
        find: @escaping @Sendable (_ name: String) -> Finding,
        names: @escaping @Sendable () -> [String],
        listing: String = "tidegate drivers --profiles"
    ) {
        (self.find, self.names, self.listing) = (find, names, listing)
    }

    /// No files.
    public static let none = ProfileFiles(find: { _ in .missing }, names: { [] })
}

extension LayoutReader {
    /// What the user's own profiles say, by the settings that name them.
    ///
    /// - Returns: Nil when a profile is unknown or has a mistake, which then was reported.
    mutating func profiles(
        named values: [String: JsonNode], _ settings: [SettingDescription]
    ) -> [String: JsonNode]? {
        var found: [String: JsonNode] = [:]
        var areKnown = true
        for setting in settings {
            guard case .profile(let form) = setting.form, let node = values[setting.name],
                let name = node.text
            else { continue }
            switch profiles.find(name) {
            case .missing where form.builtIn.contains(name): break
            case .missing:
                let known = form.builtIn + profiles.names()
                let listing = profiles.listing
                report(
                    node.place,
                    "profile \(name) is unknown\(didYouMean(name, among: known)); "
                        + "`\(listing)` lists all")
                areKnown = false
            case .unusable(let detail):
                report(node.place, detail)
                areKnown = false
            case .file(let path, let bytes):
                let (document, all) = form.read(bytes)
                for problem in all { report(node.place, "\(path), \(problem)") }
                if all.leftOut > 0 { problems.leaveOut(all.leftOut) }
                guard let document, all.isEmpty else {
                    areKnown = false
                    continue
                }
                found[setting.name] = document
            }
        }
        return areKnown ? found : nil
    }
}

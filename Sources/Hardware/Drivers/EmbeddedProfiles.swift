import CProfiles
import Documents
import DriverKit
import Vocabulary

/// The profiles that come with Tidegate. Each is read from its text when it is asked for first, and kept.
enum EmbeddedProfiles {
    /// In the order of their files.
    static let names: [String] = (0..<tidegate_profile_count()).map { number in
        // Sound: the call answers a C string that lives as long as the program.
        unsafe String(cString: tidegate_profile_name(number))
    }

    /// What the file of a name says; nil when there is none.
    static func text(of name: String) -> [UInt8]? {
        guard let number = names.firstIndex(of: name) else { return nil }
        var length = 0
        // Sound: the call answers as many bytes as it writes to `length`, which live as long as the program.
        let text = unsafe UnsafeRawBufferPointer(
            start: tidegate_profile_text(number, &length), count: length)
        return unsafe Array(text)
    }

    private static let known = Guarded<[String: DeviceProfile]>([:])

    /// A profile is part of the program; one that cannot be read is a bug.
    static func profile(_ name: String) -> DeviceProfile? {
        if let profile = known.withLock({ $0[name] }) { return profile }
        guard let text = text(of: name) else { return nil }
        let (profile, problems) = DeviceProfile.read(name, text)
        guard let profile else {
            preconditionFailure("profile \(name): \(problems.map(\.description))")
        }
        known.withLock { $0[name] = profile }
        return profile
    }
}

import Documents
import Vocabulary

/// The form of a setting that names a file of data: one that comes with Tidegate or one of the user's.
///
/// Whoever reads the layout finds the user's files, checks them with `read`, and puts what the file says
/// in the place of its name; see `Settings`. A name that stays is that of a built-in one.
public struct ProfileForm: Sendable {
    /// The names of those that come with Tidegate, in alphabetical order.
    public let builtIn: [String]
    /// What a file says, nil when that is no document at all, and everything that is wrong with it.
    public let read: @Sendable ([UInt8]) -> (document: JsonNode?, problems: ProblemList)

    public init(
        builtIn: [String],
        read: @escaping @Sendable ([UInt8]) -> (document: JsonNode?, problems: ProblemList)
    ) {
        (self.builtIn, self.read) = (builtIn, read)
    }

    /// The longest name.
    private static let longest = 64

    /// Whether a file may have this name, without `.json`: it never leads out of its folder.
    public static func isName(_ text: String) -> Bool {
        let isMadeOf = { (byte: UInt8) in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return (1...longest).contains(text.utf8.count) && text.utf8.allSatisfy(isMadeOf)
    }
}

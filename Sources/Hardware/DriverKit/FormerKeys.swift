/// Keys of layouts that had another name before 0.2.
public enum FormerKeys {
    private static let names = [
        "authority": "ca", "commandedBy": "controller", "queueWish": "queueEarlyCommands",
        "replyWithin": "replyTimeout", "within": "timeout",
    ]

    /// What to write in the place of `name`.
    ///
    /// - Parameter known: The keys that may stand there.
    /// - Returns: `"is called ca now"`; nil when `name` never was the name of one of them.
    public static func advice(for name: String, among known: some Collection<String>) -> String? {
        self.name(of: name, among: known).map { "is called \($0) now" }
    }

    /// What `name` is called now; nil when it never was the name of one of `known`.
    static func name(of name: String, among known: some Collection<String>) -> String? {
        names[name].flatMap { known.contains($0) ? $0 : nil }
    }
}

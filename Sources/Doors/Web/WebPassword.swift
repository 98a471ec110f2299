import Threads
import Vocabulary

/// The password of the page, kept stretched. Checks it on a thread of its own, one after the other.
public actor WebPassword {
    /// Attempts that may wait for their turn; more are refused at once.
    static let mostWaiting = 4
    /// The shortest password, in bytes.
    public static let shortest = 8
    /// The longest password that is looked at, in bytes.
    static let longest = 256

    private let kept: Kept
    private var waiting = 0
    private var turn: Task<Bool?, Never>?

    private enum Kept {
        /// The file is as good as the password, whatever is kept here.
        case digest([UInt8])
        case stretched(WebPasswordLine)
    }

    /// - Parameter text: The password, or the line that `WebPasswordLine` makes of it.
    /// - Throws: What is wrong with a line that begins as one.
    public init(_ text: String) throws(WebSecretProblem) {
        if text.hasPrefix(WebPasswordLine.prefix) {
            guard let line = WebPasswordLine(text) else {
                throw WebSecretProblem("begins with \(WebPasswordLine.prefix) and is no such line")
            }
            kept = .stretched(line)
        } else {
            guard text.utf8.count >= Self.shortest else {
                throw WebSecretProblem("has less than \(Self.shortest) bytes")
            }
            kept = .digest(WebDigest.sha256(Array(text.utf8)))
        }
    }

    /// Whether it is the password; nil when too many others are being checked, or memory is short.
    func isRight(_ text: String) async -> Bool? {
        guard waiting < Self.mostWaiting else { return nil }
        waiting += 1
        defer { waiting -= 1 }
        let before = turn
        let task = Task {
            _ = await before?.value
            return await self.check(Array(text.utf8))
        }
        turn = task
        return await task.value
    }

    private func check(_ given: [UInt8]) async -> Bool? {
        guard given.count <= Self.longest else { return false }
        switch kept {
        case .stretched(let line):
            guard let key = await Self.stretched(given, line) else { return nil }
            return WebDigest.isSame(key, line.key)
        case .digest(let digest): return WebDigest.isSame(WebDigest.sha256(given), digest)
        }
    }

    /// Blocks a thread that nothing else waits for.
    private static func stretched(_ given: [UInt8], _ line: WebPasswordLine) async -> [UInt8]? {
        await withCheckedContinuation { continuation in
            do throws(ThreadError) {
                try startThread(ThreadPlan(name: "web login")) {
                    continuation.resume(
                        returning: WebDigest.scrypt(given, salt: line.salt, line.cost))
                }
            } catch {
                continuation.resume(returning: nil)
            }
        }
    }
}

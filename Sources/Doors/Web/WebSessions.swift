import Vocabulary

/// Who has logged in at the page. In memory only: a restart ends all. Pure.
struct WebSessions: Sendable {
    /// One login.
    struct Session: Hashable, Sendable {
        /// What the page sends with each command, beside the cookie that its browser adds by itself.
        let proof: String
        let began: MonotonicInstant
        var lastSwitched: MonotonicInstant
    }

    /// How long one lasts.
    static let longest = Duration.seconds(12 * 3_600)
    /// How long after the login, or the last command, the next command needs a login again.
    static let switching = Duration.seconds(30 * 60)
    private static let most = 32

    /// By the digest of what the cookie holds, so that what is kept here opens nothing.
    private var sessions: [[UInt8]: Session] = [:]

    /// - Returns: What the cookie is to hold, and the session.
    mutating func begin(
        at now: MonotonicInstant, using generator: inout some RandomNumberGenerator
    ) -> (cookie: String, session: Session) {
        sessions = sessions.filter { $0.value.began.duration(to: now) < Self.longest }
        if sessions.count >= Self.most,
            let oldest = sessions.min(by: { $0.value.began < $1.value.began })
        {
            sessions[oldest.key] = nil
        }
        let cookie = Self.secret(using: &generator)
        let session = Session(
            proof: Self.secret(using: &generator), began: now, lastSwitched: now)
        sessions[WebDigest.sha256(Array(cookie.utf8))] = session
        return (cookie, session)
    }

    func session(_ cookie: String, at now: MonotonicInstant) -> Session? {
        guard let session = sessions[WebDigest.sha256(Array(cookie.utf8))],
            session.began.duration(to: now) < Self.longest
        else { return nil }
        return session
    }

    /// A command is given.
    /// - Returns: False when the last one, or the login, was too long ago.
    mutating func `switch`(_ cookie: String, at now: MonotonicInstant) -> Bool {
        let key = WebDigest.sha256(Array(cookie.utf8))
        guard let session = sessions[key], session.lastSwitched.duration(to: now) < Self.switching
        else { return false }
        sessions[key]?.lastSwitched = now
        return true
    }

    mutating func end(_ cookie: String) {
        sessions[WebDigest.sha256(Array(cookie.utf8))] = nil
    }

    /// 256 bits.
    private static func secret(using generator: inout some RandomNumberGenerator) -> String {
        (0..<4).map { _ in (generator.next() as UInt64).hex }.joined()
    }
}

import Vocabulary

// What happens when the disk takes nothing already at the start: it is full, or can only be read.
//
// What an earlier session has kept is read and goes upstream, and so do the facts of this one, from memory.
// That this session begins cannot be written down, so that the next one could give its offsets away again.
// The facts of such a session therefore go under an identity that is its own, as long as it lasts.
extension SqliteJournal {
    /// Opens what can be read of the file, and begins without writing.
    func beginUnwritten(because failure: SqliteFailure) {
        guard failure.isUnwilling, inbox.withLock({ $0.buffer.last }) == nil else { return }
        if !PrivateFile(path: path).isEmpty {
            // It begins, and fails at what is written then; or before, where nothing can be read either.
            try? begin(JournalFile(alone: path), isSalvaged: false)
        }
        guard inbox.withLock({ $0.buffer.last }) == nil else { return }
        begin([], isSalvaged: false, last: 0, isAnother: false)
        beginUnnoted(after: 0)
    }

    /// Gives offsets away although nobody has written down that they are in use.
    ///
    /// They are drawn by lot, for readers of them without the journal's identity: two sessions in a million
    /// have the same ones.
    func beginUnnoted(after last: JournalOffset) {
        let start = last + (1 + fresh.low % (1 << 20)) * Self.leap
        add(gap: (last + 1)...start)
        inbox.withLock { inbox in
            inbox.identity = fresh
            inbox.buffer.begin(after: start)
            if !inbox.buffer.isEmpty { inbox.since = inbox.since ?? clock.now }
        }
        (isUnnoted, sessionStart) = (true, start + 1)
    }
}

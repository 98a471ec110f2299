import Host
import Journals

extension StateLock {
    /// Takes the lock, for commands that keep files there.
    package func takeAgain() throws(JournalError) {
        do throws(Failure) {
            try take()
        } catch {
            throw JournalError(.storage, "\(error)")
        }
    }
}

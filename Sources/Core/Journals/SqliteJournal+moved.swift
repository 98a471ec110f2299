import Glibc
import Vocabulary

// What happens when a user deletes or moves the file, or the whole folder, while it is open.
//
// What is written then goes to a file that nobody will find again, and it is still there to be read. So
// nothing more is written to it, its facts go upstream as before, and once there is a place, all of it is
// copied into a file of the old name: the same journal, whose offsets go on.
extension SqliteJournal {
    /// Takes notice that the file is not where it was.
    func noticeMove() {
        guard !isGone, let file, file.database.isGone(from: path) else { return }
        isGone = true
        stall(
            SqliteFailure(
                code: 14, words: "was deleted or moved while in use; recreating it"))
    }

    /// Puts the file back to its place and goes on with what is there.
    func makeAnother() {
        do throws(JournalError) {
            try makeFolder()
        } catch {
            return stall(SqliteFailure(code: 14, words: error.detail))
        }
        if let file {
            do throws(SqliteFailure) {
                eventQueue.post(.salvaged("\(path) \(try file.database.putBack(to: path))"))
            } catch {
                // The open file has all of it still.
                return stall(error)
            }
        }
        (file, isGone) = (nil, false)
        tryToOpen()
    }
}

extension SqliteDatabase {
    /// Whether the file is not where it was opened, or its log not where it was before.
    package func isGone(from path: String) -> Bool {
        let hadLog = hasLog
        hasLog = exists(path + "-wal")
        return isMoved || hadLog && !hasLog
    }

    /// Writes all of it to where it was opened, when nothing is there; a log that is gone is put into the
    /// file. This connection is to be closed then.
    ///
    /// - Returns: What came of it.
    /// - Throws: Why it cannot be written there now; the connection is worth keeping.
    package func putBack(to path: String) throws(SqliteFailure) -> String {
        let was = "was deleted or moved while in use"
        guard isMoved else {
            do throws(SqliteFailure) {
                try checkpoint(truncating: true)
                return "lost its write-ahead log while in use; no record is lost"
            } catch {
                return "lost its write-ahead log and the records in it while in use: \(error.words)"
            }
        }
        guard !exists(path) else { return "\(was); another file has replaced it and is in use" }
        let draft = path + ".copy"
        remove(draft)
        do throws(SqliteFailure) {
            try copy(to: draft)
        } catch {
            remove(draft)
            throw SqliteFailure(
                code: error.code,
                words: "\(was), and cannot be recreated yet: \(error.words)")
        }
        // Sound: both paths live for the length of the call.
        guard unsafe rename(draft, path) == 0 else {
            let words = errorDescription(errno)
            remove(draft)
            throw SqliteFailure(
                code: 14, words: "\(was), and cannot be recreated yet: \(words)")
        }
        return "\(was); recreated with all records"
    }

    // Sound, here and below: the path lives for the length of the call.
    private func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    private func remove(_ path: String) { _ = unsafe unlink(path) }
}

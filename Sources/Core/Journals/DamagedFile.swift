import Glibc
import Vocabulary

/// A file that belongs to this user alone, with what the library and we put beside it.
struct PrivateFile {
    let path: String

    /// Makes it, when it is not there, and closes it to all others.
    ///
    /// What is there is not opened: to close it again would release the locks that this process has on it.
    func make() {
        // Sound, here and below: each path lives for the length of its call.
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
        for name in [path] + DamagedFile(path: path).names {
            for end in ["", "-wal", "-shm"] { Self.hide(name + end) }
        }
    }

    /// Whether something is there that is no file, or leads to none.
    var isOtherThanFile: Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
    }

    /// What stands where the library keeps its log or its index of it, and is a link, a folder or a device: it
    /// follows none, and says of each only that it cannot open the file.
    var neighbourOtherThanFile: String? {
        ["-wal", "-shm", "-journal"].map { path + $0 }.first { path in
            var status = stat()
            return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
        }
    }

    /// Whether there is nothing in it, or no file.
    var isEmpty: Bool { size(of: path) == 0 }

    /// Whether it has all there is, and nothing is in a log beside it.
    var isWithoutLog: Bool { size(of: path + "-wal") == 0 }

    private func size(of path: String) -> Int {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : errno == ENOENT ? 0 : -1
    }

    var isOnReadOnlyDisk: Bool {
        var disk = statvfs()
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        return unsafe statvfs(folder, &disk) == 0 && disk.f_flag & UInt(ST_RDONLY) != 0
    }

    /// A user who may not change the mode of a file has it from another, who has chosen it. What a link leads to
    /// keeps its mode.
    private static func hide(_ path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_mode & 0o777 != 0o600
        else { return }
        _ = unsafe fchmodat(AT_FDCWD, path, 0o600, AT_SYMLINK_NOFOLLOW)
    }
}

/// A SQLite file that is damaged and goes out of the way, with its log.
package struct DamagedFile {
    /// Damaged files that are kept; older ones are deleted, for they take room.
    static let kept = 2

    let path: String

    package init(path: String) { self.path = path }

    /// Moves it to a name with the time behind it.
    /// - Returns: Where it is now.
    package func keepAside(at time: WallTime) throws(SqliteFailure) -> String {
        let stamp = time.iso8601.prefix(19).filter { $0 != ":" && $0 != "-" } + "Z"
        let deadLetters = "\(path).damaged-\(stamp)"
        // The log last: the file without it would be taken for a sound one that lacks its newest rows.
        guard move(path, to: deadLetters) || !exists(path) else {
            throw SqliteFailure(
                code: 14, words: "\(path): cannot be moved: \(errorDescription(errno))")
        }
        moveLog(to: deadLetters)
        for name in names.dropLast(Self.kept) {
            for end in ["", "-wal", "-journal"] { remove(name + end) }
        }
        return deadLetters
    }

    /// Has the log follow its database, which went before an end that came between the two.
    func keepLogAside() {
        if let deadLetters = names.last { moveLog(to: deadLetters) }
    }

    private func moveLog(to deadLetters: String) {
        remove(path + "-shm")
        // What is a folder is not deleted, and what is left would belong to the new file.
        for end in ["-wal", "-shm", "-journal"] where exists(path + end) {
            move(path + end, to: deadLetters + end)
        }
    }

    /// All that are kept, the oldest first.
    var names: [String] {
        // Sound: the list is filled in by the call, read, and freed before it goes out of scope.
        var found = unsafe glob_t()
        guard unsafe glob("\(path).damaged-*Z", 0, nil, &found) == 0 else { return [] }
        defer { unsafe globfree(&found) }
        // The names end in their time, and the list is sorted.
        return unsafe (0..<Int(found.gl_pathc)).compactMap { index in
            unsafe found.gl_pathv[index].map { unsafe String(cString: $0) }
        }
    }

    // Sound, here and below: each path lives for the length of its call.
    /// Also of a link that leads nowhere.
    private func exists(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0
    }

    @discardableResult
    private func move(_ path: String, to other: String) -> Bool { unsafe rename(path, other) == 0 }

    private func remove(_ path: String) { _ = unsafe unlink(path) }
}

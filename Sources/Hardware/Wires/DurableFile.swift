import Glibc
import Vocabulary

/// A small text file that is replaced as a whole, so that a power cut leaves the old text or the new one
/// and nothing between. Its folder is made when it is first needed.
struct DurableFile: Sendable {
    let path: String
    private let folder: String

    /// - Parameters:
    ///   - folder: The folder above it must exist.
    ///   - name: Of the file, with its ending.
    init(folder: String, name: String) {
        self.folder = folder
        path = "\(folder)/\(name)"
    }

    /// The beginning of the file, at most `limit` bytes; nil when there is no file.
    func text(limit: Int) throws(SystemError) -> String? {
        // Sound: the path is a C string for as long as the call lasts.
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw .last
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        // Sound: the call fills at most the array's own size.
        let count = unsafe read(file, &bytes, bytes.count)
        guard count >= 0 else { throw .last }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Returns when `text` would survive a power cut.
    func replace(by text: String) throws(SystemError) {
        try makeFolder()
        let draft = path + ".new"
        // Sound: the path is a C string for as long as each call lasts. What somebody has put there, such as a
        // link to another file, is not written to.
        _ = unsafe unlink(draft)
        let file = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .last }
        do throws(SystemError) {
            defer { close(file) }
            let bytes = Array(text.utf8)
            // Sound: the call reads at most the array's own size.
            let count = unsafe write(file, bytes, bytes.count)
            guard count >= 0 else { throw .last }
            // So few bytes are written in part only when the disk is full.
            guard count == bytes.count else { throw SystemError(number: ENOSPC) }
            guard fdatasync(file) == 0 else { throw .last }
        } catch {
            // Sound: the path is a C string for as long as the call lasts.
            unsafe unlink(draft)
            throw error
        }
        // Sound: the path is a C string for as long as the call lasts.
        guard unsafe rename(draft, path) == 0 else { throw .last }
        try Self.sync(folder: folder)
    }

    private func makeFolder() throws(SystemError) {
        // Sound: the path is a C string for as long as the call lasts.
        if unsafe mkdir(folder, 0o700) == 0 {
            return try Self.sync(folder: folder + "/..")
        }
        guard errno == EEXIST else { throw .last }
    }

    /// Makes sure that the names in a folder are on disk.
    private static func sync(folder: String) throws(SystemError) {
        // Sound: the path is a C string for as long as the call lasts.
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .last }
    }
}

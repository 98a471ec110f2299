import DriverKit
import Glibc

/// A running total in a file of its own: the number in decimal and a line feed.
///
/// A save replaces the whole file in one step, so that a power cut leaves the old total or the new one
/// and nothing between. The folder is made when it is first needed.
final class FileTotalStore: TotalStore {
    private let folder: String
    private let path: String

    /// - Parameters:
    ///   - folder: Where totals are kept; the folder above it must exist.
    ///   - name: Of the file, without its ending.
    init(folder: String, name: String) {
        self.folder = folder
        path = "\(folder)/\(name).total"
    }

    func load() throws(DriverError) -> Int64? {
        let text: String
        do throws(SystemError) {
            guard let found = try Self.text(of: path) else { return nil }
            text = found
        } catch {
            throw DriverError(.badReply, "\(path): \(error.message)")
        }
        let number = text.hasSuffix("\n") ? String(text.dropLast()) : text
        guard let total = Int64(number) else {
            throw DriverError(
                .badReply,
                "\(path): \"\(number.prefix(40))\" is no total; write the last known count into it, "
                    + "or remove it to start at 0")
        }
        return total
    }

    func save(_ total: Int64) throws(DriverError) {
        do throws(SystemError) {
            try makeFolder()
            try replace(by: "\(total)\n")
        } catch {
            throw DriverError(.notConnected, "\(path): \(error.message)")
        }
    }

    /// The beginning of a file, far more than any total needs; nil when there is no file.
    private static func text(of path: String) throws(SystemError) -> String? {
        // Sound: the path is a C string for as long as the call lasts.
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw .last
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        // Sound: the call fills at most the array's own size.
        let count = unsafe read(file, &bytes, bytes.count)
        guard count >= 0 else { throw .last }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    private func makeFolder() throws(SystemError) {
        // Sound: the path is a C string for as long as the call lasts.
        if unsafe mkdir(folder, 0o700) == 0 {
            return try Self.sync(folder: folder + "/..")
        }
        guard errno == EEXIST else { throw .last }
    }

    private func replace(by text: String) throws(SystemError) {
        let draft = path + ".new"
        // Sound: the path is a C string for as long as the call lasts.
        let file = unsafe open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
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

    /// Makes sure that the names in a folder are on disk.
    private static func sync(folder: String) throws(SystemError) {
        // Sound: the path is a C string for as long as the call lasts.
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .last }
    }
}

import Glibc
import Vocabulary

/// Reads the rows of a journal off its pages, without its index and whatever else is broken.
///
/// A page of rows says where on it each row lies, and each row has a check sum of its own, so that
/// nothing wrong is taken for a row. Rows that run over into other pages are left out.
///
/// Source: SQLite file format, "B-tree Pages", "Record Format" and "The WAL File Format".
struct JournalPages {
    private static let size = Int(JournalFile.pageSize)
    private let path: String

    init(path: String) { self.path = path }

    /// Which journal the file says it is, on one of its first pages.
    func identity() -> IdentityRecord? {
        var found: IdentityRecord?
        let take = { (place: Int64, bytes: [UInt8]) in
            found = found ?? IdentityRecord(bytes, at: place)
        }
        scan(path, head: 0, skip: 0, limit: 64, take)
        // A new journal may be in its log alone.
        if found == nil { scan(path + "-wal", head: 32, skip: 24, limit: 64, take) }
        return found
    }

    /// Hands on every row of the database and then of its log, which is newer. Places come as they lie
    /// on the disk, and one may come several times.
    func rows(_ take: (Int64, [UInt8]) -> Void) {
        scan(path, head: 0, skip: 0, limit: .max, take)
        scan(path + "-wal", head: 32, skip: 24, limit: .max, take)
    }

    private func scan(
        _ path: String, head: Int, skip: Int, limit: Int, _ take: (Int64, [UInt8]) -> Void
    ) {
        // The library follows no link to a log either.
        let follow = head > 0 ? O_NOFOLLOW : 0
        // Sound: the path lives for the length of the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | follow)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // A device may have no end.
        guard !PrivateFile(path: path).isOtherThanFile else { return }
        let salt = skip > 0 ? Self.bytes(8, at: 16, of: descriptor) : []
        var page = [UInt8](repeating: 0, count: Self.size)
        for index in 0..<limit {
            let offset = head + index * (skip + Self.size) + skip
            // Sound: the buffer lives for the length of the call and is as long as it says.
            let count = unsafe page.withUnsafeMutableBytes {
                unsafe pread(descriptor, $0.baseAddress, $0.count, off_t(offset))
            }
            // A part that the disk cannot read any more is left out; the end is no whole page.
            if count < 0, errno == EIO { continue }
            guard count == Self.size else { return }
            // Frames that the log held before it was begun again, and that are older than the database.
            if skip > 0, Self.bytes(8, at: offset - skip + 8, of: descriptor) != salt { continue }
            Self.rows(on: page, take)
        }
    }

    private static func bytes(_ count: Int, at offset: Int, of descriptor: Int32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // Sound: the buffer lives for the length of the call and is as long as it says.
        _ = unsafe bytes.withUnsafeMutableBytes {
            unsafe pread(descriptor, $0.baseAddress, $0.count, off_t(offset))
        }
        return bytes
    }

    /// Hands on every row on a page that looks like a page of rows.
    static func rows(on page: [UInt8], _ take: (Int64, [UInt8]) -> Void) {
        guard page.count == size else { return }
        // The first page begins with the head of the file.
        let start = page.starts(with: "SQLite format 3".utf8) ? 100 : 0
        guard page[start] == 0x0D else { return }
        let count = Int(page[start + 3]) << 8 | Int(page[start + 4])
        for index in 0..<count {
            let pointer = start + 8 + 2 * index
            guard pointer + 1 < size else { return }
            let cell = Int(page[pointer]) << 8 | Int(page[pointer + 1])
            guard cell < size else { continue }
            var reader = PageReader(rest: page[cell...])
            guard let length = reader.number(), length <= FactRecord.largest,
                let place = reader.number(), let payload = reader.bytes(Int(length)),
                let blob = blob(in: payload)
            else { continue }
            take(Int64(bitPattern: place), blob)
        }
    }

    /// The second column of a row whose first is its place.
    private static func blob(in payload: ArraySlice<UInt8>) -> [UInt8]? {
        var reader = PageReader(rest: payload)
        guard let head = reader.number(), head <= UInt64(payload.count), reader.number() == 0,
            let type = reader.number(), type >= 12, type.isMultiple(of: 2)
        else { return nil }
        let body = payload.dropFirst(Int(head))
        guard body.count == (type - 12) / 2 else { return nil }
        return Array(body)
    }
}

/// Reads numbers as SQLite writes them: 7 bits a byte, highest first, the ninth byte whole.
private struct PageReader {
    var rest: ArraySlice<UInt8>

    mutating func number() -> UInt64? {
        var value: UInt64 = 0
        for index in 0..<9 {
            guard let byte = rest.popFirst() else { return nil }
            if index == 8 { return value << 8 | UInt64(byte) }
            value = value << 7 | UInt64(byte & 0x7F)
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }

    mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}

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
        let take = { (key: Int64, bytes: [UInt8]) in
            found = found ?? IdentityRecord(bytes, at: key)
        }
        pages(limit: 64) { Self.rows(on: $0, take) }
        // A new journal may be in its log alone.
        if found == nil { frames(limit: 64) { _, page in Self.rows(on: page, take) } }
        return found
    }

    /// Hands on every row of the database and then of its log, which is newer. Keys come as they lie
    /// on the disk, and one may come several times.
    func rows(_ take: (Int64, [UInt8]) -> Void) {
        pages { Self.rows(on: $0, take) }
        frames { _, page in Self.rows(on: page, take) }
    }

    /// Hands on every row with a key of `wanted` that was committed to the log, also behind a broken head or
    /// frame, where the library stops to read.
    func committedRows(in wanted: ClosedRange<Int64>, _ take: (Int64, [UInt8]) -> Void) {
        var waiting: [(Int64, [UInt8])] = []
        frames { size, page in
            Self.rows(on: page) { if wanted.contains($0) { waiting.append(($0, $1)) } }
            // The last frame of a transaction states the size of the database.
            guard size > 0 else { return }
            waiting.forEach(take)
            waiting = []
        }
    }

    private func pages(limit: Int = .max, _ take: ([UInt8]) -> Void) {
        read(path, flags: 0) { descriptor in
            Self.each(Self.size, of: descriptor, limit: limit, take)
        }
    }

    /// Hands on each page of the log, with the size of the database that its frame states.
    private func frames(limit: Int = .max, _ take: (_ size: UInt32, _ page: [UInt8]) -> Void) {
        // The library follows no link to a log either.
        read(path + "-wal", flags: O_NOFOLLOW) { descriptor in
            let (head, frame) = (32, 24)
            // Of the head or, where that is broken, of the first frame. Others are of frames that the log held
            // before it was begun again, and that are older than the database.
            let headBytes = Self.bytes(head, at: 0, of: descriptor)
            let isHeadSound = Self.checkSum(ofLogHead: headBytes) == Array(headBytes[24...])
            let salts = (isHeadSound ? [16] : [16, head + 8]).map {
                Self.bytes(8, at: $0, of: descriptor)
            }
            Self.each(frame + Self.size, from: head, of: descriptor, limit: limit) { bytes in
                guard salts.contains(Array(bytes[8..<16])) else { return }
                let size = bytes[4..<8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                take(size, Array(bytes[frame...]))
            }
        }
    }

    /// Of the first 24 bytes of a log's head, as its last 8 have it.
    ///
    /// Source: SQLite file format, "Checksum Algorithm".
    static func checkSum(ofLogHead head: [UInt8]) -> [UInt8] {
        func word(_ index: Int, isBig: Bool) -> UInt32 {
            let bytes = head[(4 * index)..<(4 * index + 4)].map { UInt32($0) }
            return (isBig ? bytes : bytes.reversed()).reduce(0) { $0 << 8 | $1 }
        }
        let isBig = word(0, isBig: true) & 1 == 1
        var sums: (UInt32, UInt32) = (0, 0)
        for index in stride(from: 0, to: 6, by: 2) {
            sums.0 &+= word(index, isBig: isBig) &+ sums.1
            sums.1 &+= word(index + 1, isBig: isBig) &+ sums.0
        }
        return [sums.0, sums.1].flatMap { sum in
            stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: sum >> $0) }
        }
    }

    private func read(_ path: String, flags: Int32, _ body: (Int32) -> Void) {
        // Sound: the path lives for the length of the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // A device may have no end.
        guard !PrivateFile(path: path).isOtherThanFile else { return }
        body(descriptor)
    }

    private static func each(
        _ size: Int, from start: Int = 0, of descriptor: Int32, limit: Int,
        _ take: ([UInt8]) -> Void
    ) {
        var bytes = [UInt8](repeating: 0, count: size)
        for index in 0..<limit {
            // Sound: the buffer lives for the length of the call and is as long as it says.
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe pread(descriptor, $0.baseAddress, $0.count, off_t(start + index * size))
            }
            // A part that the disk cannot read any more is left out; the end is no whole page.
            if count < 0, errno == EIO { continue }
            guard count == size else { return }
            take(bytes)
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
                let key = reader.number(), let payload = reader.bytes(Int(length)),
                let blob = blob(in: payload)
            else { continue }
            take(Int64(bitPattern: key), blob)
        }
    }

    /// The second column of a row whose first is its key.
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

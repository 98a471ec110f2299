import Vocabulary

/// A row of the journal that is no fact. Each is a key, bytes and a check sum like all others, so that
/// it can be known for what it is wherever it turns up in a damaged file.
protocol JournalRecord: Hashable {
    static var tag: UInt8 { get }
    func write(_ writer: inout RecordWriter)
    init?(reading reader: inout RecordReader)
}

extension JournalRecord {
    /// The row at `key`.
    func bytes(at key: Int64) -> [UInt8] {
        var writer = RecordWriter()
        writer.byte(Self.tag)
        write(&writer)
        return writer.sealed(at: key)
    }

    /// - Returns: Nil when the bytes are not such a row.
    init?(_ bytes: [UInt8], at key: Int64) {
        guard var reader = RecordReader(sealed: bytes, at: key), reader.byte() == Self.tag,
            let record = Self(reading: &reader), reader.isAtEnd
        else { return nil }
        self = record
    }
}

/// Which journal it is, and in which format.
struct IdentityRecord: JournalRecord {
    static let tag: UInt8 = 1
    var format: UInt64
    var identity: JournalIdentity

    func write(_ writer: inout RecordWriter) {
        writer.number(format)
        writer.fixed(identity.high)
        writer.fixed(identity.low)
    }
}

extension IdentityRecord {
    init?(reading reader: inout RecordReader) {
        guard let format = reader.number(), let high = reader.fixed(), let low = reader.fixed()
        else { return nil }
        self.init(format: format, identity: JournalIdentity(high: high, low: low))
    }
}

/// How far one upstream has come.
struct CursorRecord: JournalRecord {
    static let tag: UInt8 = 3
    var upstream: UpstreamName
    var acknowledged: JournalOffset

    func write(_ writer: inout RecordWriter) {
        writer.text(upstream.text)
        writer.number(acknowledged)
    }
}

extension CursorRecord {
    init?(reading reader: inout RecordReader) {
        guard let upstream = reader.text().flatMap(UpstreamName.init),
            let acknowledged = reader.number()
        else { return nil }
        self.init(upstream: upstream, acknowledged: acknowledged)
    }
}

/// One time that the journal was open.
struct SessionRecord: JournalRecord {
    static let tag: UInt8 = 4
    /// What the kernel calls this time that the machine is switched on.
    var boot: String
    var incarnation: String
    var opened: WallTime
    /// The first offset that it gives away.
    var first: JournalOffset
    /// The last offset that it gave away, when it was closed in good order.
    var last: JournalOffset?

    func write(_ writer: inout RecordWriter) {
        writer.text(boot, limit: 64)
        writer.text(incarnation, limit: 64)
        writer.fixed(UInt64(bitPattern: opened.nanoseconds))
        writer.number(first)
        writer.number(last.map { $0 + 1 } ?? 0)
    }
}

extension SessionRecord {
    init?(reading reader: inout RecordReader) {
        guard let boot = reader.text(), let incarnation = reader.text(),
            let opened = reader.fixed(), let first = reader.number(), let end = reader.number()
        else { return nil }
        self.init(
            boot: boot, incarnation: incarnation,
            opened: WallTime(nanoseconds: Int64(bitPattern: opened)), first: first,
            last: end == 0 ? nil : end - 1)
    }
}

/// A row that is a range of offsets.
protocol OffsetsRecord: JournalRecord {
    var offsets: ClosedRange<JournalOffset> { get }
    init(offsets: ClosedRange<JournalOffset>)
}

extension OffsetsRecord {
    func write(_ writer: inout RecordWriter) {
        writer.number(offsets.lowerBound)
        writer.number(offsets.upperBound)
    }

    init?(reading reader: inout RecordReader) {
        guard let low = reader.number(), let high = reader.number(), low <= high else { return nil }
        self.init(offsets: low...high)
    }
}

/// Offsets that no fact has.
struct GapRecord: OffsetsRecord {
    static let tag: UInt8 = 5
    var offsets: ClosedRange<JournalOffset>
}

/// Facts that found no room on disk before the journal was closed; reported at the next start.
///
/// It stands among the gaps, for their offsets are such, under the negative key of its session.
struct LossRecord: OffsetsRecord {
    static let tag: UInt8 = 8
    var offsets: ClosedRange<JournalOffset>
}

/// A fact that an upstream never acknowledged.
struct DeadLetterRecord: JournalRecord {
    static let tag: UInt8 = 6
    var upstream: UpstreamName
    var reason: String
    var since: WallTime
    /// Where the fact stands, or stood.
    var offset: JournalOffset
    /// Whether a user wants it appended again.
    var isWanted: Bool
    /// The fact's own row.
    var fact: [UInt8]

    func write(_ writer: inout RecordWriter) {
        writer.text(upstream.text)
        writer.text(reason, limit: 256)
        writer.fixed(UInt64(bitPattern: since.nanoseconds))
        writer.number(offset)
        writer.byte(isWanted ? 1 : 0)
        writer.number(UInt64(fact.count))
        for byte in fact { writer.byte(byte) }
    }
}

extension DeadLetterRecord {
    init?(reading reader: inout RecordReader) {
        guard let upstream = reader.text().flatMap(UpstreamName.init), let reason = reader.text(),
            let since = reader.fixed(), let offset = reader.number(),
            let isWanted = reader.byte(), let count = reader.number(),
            count <= FactRecord.largest
        else { return nil }
        var fact: [UInt8] = []
        while fact.count < count {
            guard let byte = reader.byte() else { return nil }
            fact.append(byte)
        }
        self.init(
            upstream: upstream, reason: reason,
            since: WallTime(nanoseconds: Int64(bitPattern: since)), offset: offset,
            isWanted: isWanted == 1, fact: fact)
    }
}

/// What the values of a channel mean, as of some fact on.
public struct ChannelRecord: Hashable, Sendable {
    public let channel: DataChannelName
    public let unit: Unit
    /// One step is 10 to this power of the unit.
    public let exponent: Int
    /// The first offset for which it holds.
    public let from: JournalOffset
}

extension ChannelRecord: JournalRecord {
    static let tag: UInt8 = 7

    func write(_ writer: inout RecordWriter) {
        writer.text(channel.text)
        writer.text(unit.rawValue)
        writer.signed(Int64(exponent))
        writer.number(from)
    }

    init?(reading reader: inout RecordReader) {
        guard let channel = reader.text().flatMap(DataChannelName.init),
            let unit = reader.text().flatMap(Unit.init(rawValue:)),
            let exponent = reader.signed(), (-30...30).contains(exponent),
            let from = reader.number()
        else { return nil }
        self.init(channel: channel, unit: unit, exponent: Int(exponent), from: from)
    }
}

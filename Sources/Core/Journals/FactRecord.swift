import Vocabulary

/// A fact as the bytes of one row, format 1.
///
/// ```
/// 2            the record is a fact
/// flags        1: the wall time is synchronised, 2: it is for one upstream alone, 4: its readings are simulated
/// session      number
/// wall         8 bytes, nanoseconds since 1970
/// monotonic    8 bytes, nanoseconds
/// node         text
/// upstream     text, when it is for one alone
/// matter       0 readings, 1 fault, 2 event
///   readings   their number, then each: how many bytes its channel has in common with the node's name,
///              the rest of the channel as text, its quality, its value as signed number
///   fault    flags (1: it is on, 2: a channel follows), the kind's word, the channel, the detail
///   event      flags (1: a link follows, 2: a number follows), the kind's word, link, number, detail
/// check sum    4 bytes
/// ```
///
/// A program that does not know a flag leaves the row out: one from before there were marks on simulated
/// readings never reports them as real ones.
///
/// Numbers are 7 bits a byte, texts begin with their length, as in `RecordWriter`. Names stand in each
/// row, so that a row can be read when the rest of the file is lost.
struct FactRecord: Hashable {
    static let tag: UInt8 = 2
    /// What a detail may take, so that a row stays on one page of the file and can be salvaged.
    static let longestDetail = 1_024
    /// The largest row that does not run over into another page, of 4,096 bytes.
    ///
    /// Source: SQLite file format, "B-tree Pages", usable size less 35.
    static let largest = 4_061

    var fact: Fact
    /// The session that took it in.
    var session: UInt64
    /// The one upstream that is to have it; nil when all are.
    var upstream: UpstreamName?

    /// The row of the fact at `offset`.
    func bytes(at offset: JournalOffset) -> [UInt8] {
        var writer = RecordWriter()
        writer.byte(Self.tag)
        writer.byte(
            (fact.at.isSynchronised ? 1 : 0) | (upstream == nil ? 0 : 2)
                | (fact.isSimulated ? 4 : 0))
        writer.number(session)
        writer.fixed(UInt64(bitPattern: fact.at.wall.nanoseconds))
        writer.fixed(UInt64(bitPattern: fact.at.monotonic.nanoseconds))
        writer.text(fact.node.text)
        if let upstream { writer.text(upstream.text) }
        switch fact.matter {
        case .readings(let readings): write(readings, &writer)
        case .fault(let fault):
            writer.byte(1)
            writer.byte((fault.isOn ? 1 : 0) | (fault.channel == nil ? 0 : 2))
            writer.text(fault.kind.rawValue)
            if let channel = fault.channel { writer.text(channel.text) }
            writer.text(fault.detail, limit: Self.longestDetail)
        case .event(let event):
            writer.byte(2)
            writer.byte((event.link == nil ? 0 : 1) | (event.number == nil ? 0 : 2))
            writer.text(event.kind.rawValue)
            if let link = event.link { writer.text(link.text) }
            if let number = event.number { writer.signed(number) }
            writer.text(event.detail, limit: Self.longestDetail)
        }
        return writer.sealed(at: Int64(bitPattern: offset))
    }

    private func write(_ readings: [Reading], _ writer: inout RecordWriter) {
        writer.byte(0)
        writer.number(UInt64(readings.count))
        for reading in readings {
            let name = reading.channel.text
            let shared = zip(fact.node.text.utf8, name.utf8).prefix { $0 == $1 }.count
            writer.number(UInt64(shared))
            // Names are ASCII, so that any cut is one between characters.
            writer.text(String(decoding: name.utf8.dropFirst(shared), as: UTF8.self))
            writer.byte(UInt8(Quality.allCases.firstIndex(of: reading.quality) ?? 0))
            writer.signed(reading.value)
        }
    }
}

extension FactRecord {
    /// - Returns: Nil when the bytes are not the row of a fact at `offset`.
    init?(_ bytes: [UInt8], at offset: JournalOffset) {
        guard var reader = RecordReader(sealed: bytes, at: Int64(bitPattern: offset)),
            reader.byte() == Self.tag, let flags = reader.byte(), flags <= 7,
            let session = reader.number(), let wall = reader.fixed(),
            let monotonic = reader.fixed(), let node = reader.text().flatMap(ShNodeName.init),
            let upstream = Self.upstream(&reader, flags),
            let matter = Self.matter(&reader, node, isSimulated: flags & 4 != 0), reader.isAtEnd
        else { return nil }
        let at = Timestamp(
            wall: WallTime(nanoseconds: Int64(bitPattern: wall)),
            monotonic: MonotonicInstant(nanoseconds: Int64(bitPattern: monotonic)),
            isSynchronised: flags & 1 == 1)
        self.init(
            fact: Fact(node: node, at: at, matter: matter), session: session, upstream: upstream)
    }

    /// - Returns: Nil within when it is for all; nil when what stands there is no name.
    private static func upstream(_ reader: inout RecordReader, _ flags: UInt8) -> UpstreamName?? {
        guard flags & 2 != 0 else { return .some(nil) }
        return reader.text().flatMap(UpstreamName.init).map { .some($0) }
    }

    private static func matter(
        _ reader: inout RecordReader, _ node: ShNodeName, isSimulated: Bool
    ) -> Fact.Matter? {
        switch reader.byte() {
        case 0: readings(&reader, node, isSimulated: isSimulated).map { .readings($0) }
        case 1: fault(&reader).map { .fault($0) }
        case 2: event(&reader).map { .event($0) }
        default: nil
        }
    }

    private static func readings(
        _ reader: inout RecordReader, _ node: ShNodeName, isSimulated: Bool
    ) -> [Reading]? {
        guard let count = reader.number() else { return nil }
        var readings: [Reading] = []
        // Room for what can be there, whatever the count claims: each takes four bytes at least.
        readings.reserveCapacity(min(Int(clamping: count), reader.count / 4))
        while readings.count < count {
            guard let shared = reader.number(), shared <= UInt64(node.text.utf8.count),
                let rest = reader.text(),
                let channel = DataChannelName(
                    String(decoding: node.text.utf8.prefix(Int(shared)), as: UTF8.self) + rest),
                let quality = reader.byte(), Quality.allCases.indices.contains(Int(quality)),
                let value = reader.signed()
            else { return nil }
            readings.append(
                Reading(
                    channel: channel, value: value, quality: Quality.allCases[Int(quality)],
                    isSimulated: isSimulated))
        }
        return readings
    }

    /// Kinds that journals from before 0.2 call by another name.
    private static let formerKinds = [
        "badReply": "malformedReply", "badComponent": "invalidComponent",
        "duplicate": "duplicateGateway", "listener": "brokerPort", "setAside": "deadLettered",
        "reloadRefused": "reloadRejected",
    ]

    private static func fault(_ reader: inout RecordReader) -> Fault? {
        guard let flags = reader.byte(), flags <= 3,
            let kind = reader.text().flatMap({ Fault.Kind(rawValue: formerKinds[$0] ?? $0) })
        else { return nil }
        var channel: DataChannelName?
        if flags & 2 != 0 {
            channel = reader.text().flatMap(DataChannelName.init)
            guard channel != nil else { return nil }
        }
        guard let detail = reader.text() else { return nil }
        return Fault(channel: channel, kind: kind, isOn: flags & 1 != 0, detail: detail)
    }

    private static func event(_ reader: inout RecordReader) -> GatewayEvent? {
        guard let flags = reader.byte(), flags <= 3,
            let kind = reader.text().flatMap({
                GatewayEvent.Kind(rawValue: formerKinds[$0] ?? $0)
            })
        else { return nil }
        var link: UpstreamName?
        if flags & 1 != 0 {
            link = reader.text().flatMap(UpstreamName.init)
            guard link != nil else { return nil }
        }
        var number: Int64?
        if flags & 2 != 0 {
            number = reader.signed()
            guard number != nil else { return nil }
        }
        guard let detail = reader.text() else { return nil }
        return GatewayEvent(kind, link: link, number: number, detail: detail)
    }
}

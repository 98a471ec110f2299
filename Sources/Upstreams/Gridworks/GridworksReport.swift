import Codecs
import Vocabulary

/// Readings that are being gathered for one `report.event`.
///
/// What goes into it depends on the entries alone. A value that is not good has no place in it: GridWorks
/// has no word for quality, and the fault is reported as an event of its own.
struct GridworksReport: Sendable {
    /// A report with so many readings is closed, so that it stays below 128 KiB.
    static let mostReadings = 2500

    /// The entries that it stands for.
    private(set) var covers: ClosedRange<JournalOffset>
    private(set) var count = 0
    /// What its readings take on the wire, at most.
    private var size = 0
    private(set) var first: WallTime
    private(set) var last: WallTime
    private var order: [Key] = []
    private var series: [Key: Series] = [:]

    /// Simulated readings of a channel stand apart from real ones.
    private struct Key: Hashable {
        let channel: DataChannelName
        let isSimulated: Bool
    }

    private struct Series {
        var values: [JsonText] = []
        var times: [JsonText] = []
        /// The values again, for the states of a relay.
        var steps: [Int64] = []
    }

    init(at offset: JournalOffset, _ time: WallTime) {
        covers = offset...offset
        (first, last) = (time, time)
    }

    /// What its readings take on the wire together with these, at most.
    func size(with readings: [Reading], _ codec: GridworksCodec) -> Int {
        var (size, new) = (size, Set<Key>())
        for reading in readings where reading.quality == .good {
            let words = codec.relaysByChannel[reading.channel]?.words
            // The value, the time, and where there is one the state, each with its comma.
            size += 40 + (words.map { 20 + $0.state(reading.value).utf8.count } ?? 0)
            let key = Key(channel: reading.channel, isSimulated: reading.isSimulated)
            guard series[key] == nil, new.insert(key).inserted else { continue }
            size += reading.channel.text.utf8.count + 180
            if let words { size += 2 * 64 + words.stateType.utf8.count + 160 }
        }
        return size
    }

    mutating func add(
        _ readings: [Reading], at time: WallTime, _ offset: JournalOffset, _ codec: GridworksCodec
    ) {
        size = size(with: readings, codec)
        let milliseconds = JsonText.number(GridworksTime.milliseconds(time))
        for reading in readings where reading.quality == .good {
            let key = Key(channel: reading.channel, isSimulated: reading.isSimulated)
            if series[key] == nil { order.append(key) }
            series[key, default: Series()].values.append(.number(reading.value))
            series[key]?.times.append(milliseconds)
            series[key]?.steps.append(reading.value)
            count += 1
        }
        last = time
        extend(to: offset)
    }

    /// It stands for this entry, too, which has nothing to say.
    mutating func extend(to offset: JournalOffset) {
        covers = covers.lowerBound...max(covers.upperBound, offset)
    }

    /// A period that is aligned to the clock.
    struct Slot: Hashable, Sendable {
        let startSeconds: Int64
        let seconds: Int64

        /// The slot that `time` lies in.
        init(of time: WallTime, seconds: Int64) {
            let whole = GridworksTime.milliseconds(time) / 1000
            (startSeconds, self.seconds) = (whole - whole % seconds, seconds)
        }

        /// The slot that ends at `end`, or nearest to it.
        init(before end: WallTime, seconds: Int64) {
            let half = Duration.milliseconds(seconds * 500)
            self.init(of: end.advanced(by: .zero - .seconds(seconds) + half), seconds: seconds)
        }
    }

    /// The payload of `report.event`.
    func payload(
        identity: String, slot: Slot, created: WallTime, from gateway: GatewayName,
        _ settings: GridworksSettings, relays: [DataChannelName: GridworksRelay]
    ) -> JsonText {
        let time = JsonText.number(GridworksTime.milliseconds(created))
        let report = JsonText.object([
            "FromGNodeAlias": .text(gateway.text),
            "FromGNodeInstanceId": .text(settings.instance),
            "AboutGNodeAlias": .text(settings.terminalAsset.text),
            "SlotStartUnixS": .number(slot.startSeconds), "SlotDurationS": .number(slot.seconds),
            "ChannelReadingList": .list(order.compactMap(readings(of:))),
            "StateList": .list(
                order.compactMap { key in
                    relays[key.channel].flatMap {
                        states(of: $0, key, parent: settings.parentShortName)
                    }
                }),
            // A transition's report bears the trigger and the handle of its command, and entries hold what
            // was read: the controller gets it at once, as `fsm.full.report`.
            "FsmReportList": .list([]), "MessageCreatedMs": time, "Id": .text(identity),
            "TypeName": "report", "Version": "002",
        ])
        return .object([
            "MessageId": .text(identity), "TimeCreatedMs": time, "Src": .text(gateway.text),
            "TypeName": "report.event", "Report": report, "Version": "002",
        ])
    }

    private func readings(of key: Key) -> JsonText? {
        guard let series = series[key] else { return nil }
        return JsonText.object([
            "ChannelName": .text(key.channel.text), "ValueList": .list(series.values),
            "ScadaReadTimeUnixMsList": .list(series.times), "TypeName": "channel.readings",
            "Version": "002",
        ]).markedSimulated(key.isSimulated)
    }

    /// Under the handle that the relay has when nobody has taken it over: who held it at the time is not
    /// in the entries.
    private func states(of relay: GridworksRelay, _ key: Key, parent: String) -> JsonText? {
        guard let series = series[key], let words = relay.words else { return nil }
        return JsonText.object([
            "MachineHandle": .text("\(parent).\(relay.node)"), "StateEnum": .text(words.stateType),
            "StateList": .list(series.steps.map { .text(words.state($0)) }),
            "UnixMsList": .list(series.times), "TypeName": "machine.states", "Version": "000",
        ]).markedSimulated(key.isSimulated)
    }
}

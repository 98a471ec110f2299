import Documents
import Gridworks
import Vocabulary

// Reads what children say. Any client may have written what comes in here.
extension GridworksReceived.Matter {
    typealias Malformed = GridworksEnvelope.Malformed

    init(_ envelope: GridworksEnvelope) throws(Malformed) {
        let payload = envelope.payload
        switch envelope.type {
        case "gridworks.ping": self = .ping
        case "gridworks.ack": self = .acknowledged(try payload.text("AckMessageID"))
        case "power.watts":
            guard let watts = payload["Watts"]?.lenientInteger else {
                throw Malformed("Watts: must be a whole number")
            }
            self = .power(watts)
        case "single.reading": self = .reading(try GridworksReading(payload))
        case "snapshot.spaceheat":
            self = .snapshot(
                try payload.elements("LatestReadingList", GridworksReading.init),
                states: try payload.elements("LatestStateList", GridworksState.init))
        case "layout.lite": self = .layout(Self.offers(payload))
        case "new.command.tree": self = .commandTree(Self.handles(payload))
        case "fsm.full.report":
            guard let list = payload["AtomicList"]?.list else {
                throw Malformed("AtomicList: must be a list")
            }
            let words = list.prefix(Self.mostSteps).map { step in
                step["ToState"]?.text ?? step["Action"]?.strictInteger.map { "\($0)" } ?? ""
            }
            self = .commandDone(
                trigger: try payload.text("TriggerId"),
                "\(try payload.text("FromName")): \(words.joined(separator: ", "))")
        case "glitch":
            let details = payload["Details"]?.text ?? ""
            self = .glitch(
                node: try payload.text("Node"), "\(try payload.text("Summary")): \(details)")
        case let type where type.hasPrefix("gridworks.event") || type == "report.event":
            self = .event(try GridworksEvent(envelope))
        case let type where Self.known.contains(type): self = .other(type: type)
        default: throw Malformed("\(envelope.type.prefix(64)): is an unknown type")
        }
    }

    /// Steps of one command that are shown.
    private static let mostSteps = 64
    /// More nodes than a child has; the handles of further ones are not looked at.
    private static let mostNodes = 4_096

    /// Types that children send and that nothing here looks into.
    private static let known: Set<String> = [
        "gridworks.proactor.dbg", "gridworks.shutdown", "fsm.atomic.report",
        "scada.control.capabilities", "channel.readings", "synced.readings",
        "single.machine.state", "machine.states",
    ]

    private static func handles(_ payload: JsonNode) -> [String: String] {
        var handles: [String: String] = [:]
        for node in (payload["ShNodes"]?.list ?? []).prefix(mostNodes) {
            guard let name = node["Name"]?.text else { continue }
            handles[name] = node["Handle"]?.text ?? name
        }
        return handles
    }

    private static func offers(_ payload: JsonNode) -> [GridworksRelayOffer] {
        let handles = handles(payload)
        return (payload["I2cRelayComponent"]?["ConfigList"]?.list ?? []).compactMap { config in
            guard let node = config["ActorName"]?.text,
                let channel = config["ChannelName"]?.text,
                let eventType = config["EventType"]?.text,
                let off = config["DeEnergizingEvent"]?.text,
                let on = config["EnergizingEvent"]?.text,
                let stateType = config["StateType"]?.text,
                let isOff = config["DeEnergizedState"]?.text,
                let isOn = config["EnergizedState"]?.text
            else { return nil }
            return GridworksRelayOffer(
                node: node, channel: channel, handle: handles[node] ?? node,
                words: GridworksRelayWords(
                    eventType: eventType, deEnergizingEvent: off, energizingEvent: on,
                    stateType: stateType, deEnergizedState: isOff, energizedState: isOn))
        }
    }
}

extension GridworksEvent {
    fileprivate init(_ envelope: GridworksEnvelope) throws(GridworksEnvelope.Malformed) {
        let payload = envelope.payload
        let report = envelope.type == "report.event" ? payload["Report"] : nil
        if envelope.type == "report.event", report?.isGroup != true {
            throw .init("Report: must be an object")
        }
        // A report's own words go before those of the event around it.
        let identity = report?["Id"]?.text ?? envelope.identity
        guard !identity.isEmpty else { throw .init("MessageId: is missing") }
        let time = report?["MessageCreatedMs"] ?? payload["TimeCreatedMs"]
        guard let milliseconds = time?.milliseconds else {
            throw .init("TimeCreatedMs: must be milliseconds of the years 2000 to 3000")
        }
        (self.identity, source, type) = (identity, envelope.source, envelope.type)
        at = GridworksTime.wall(milliseconds)
        self.payload = Array(payload.bytes)
        readings =
            try report.map { report throws(GridworksEnvelope.Malformed) in
                try GridworksReading.all(in: report)
            } ?? []
        let texts = ["PeerName", "ProblemType", "Summary", "Details", "Reason", "Msg", "Detail"]
        words = texts.compactMap { payload[$0]?.text }.filter { !$0.isEmpty }
            .joined(separator: ": ")
    }
}

extension GridworksReading {
    fileprivate init(_ json: JsonNode) throws(GridworksEnvelope.Malformed) {
        guard let value = json["Value"]?.strictInteger else {
            throw .init("Value: must be a whole number")
        }
        self.init(
            channel: try json.text("ChannelName"), value: value,
            at: try json.time("ScadaReadTimeUnixMs"), isSimulated: json.isSimulated)
    }

    /// The readings of all channels in a report.
    fileprivate static func all(
        in report: JsonNode
    ) throws(GridworksEnvelope.Malformed) -> [GridworksReading] {
        guard let list = report["ChannelReadingList"]?.list else {
            throw .init("ChannelReadingList: must be a list")
        }
        var readings: [GridworksReading] = []
        readings.reserveCapacity(list.reduce(0) { $0 + ($1["ValueList"]?.list?.count ?? 0) })
        for channel in list { try add(channel, to: &readings) }
        return readings
    }

    private static func add(
        _ json: JsonNode, to readings: inout [GridworksReading]
    ) throws(GridworksEnvelope.Malformed) {
        let channel = try json.text("ChannelName")
        guard let values = json["ValueList"]?.list,
            let times = json["ScadaReadTimeUnixMsList"]?.list, values.count == times.count
        else { throw .init("ValueList and ScadaReadTimeUnixMsList: must be as long as each other") }
        for (value, time) in zip(values, times) {
            guard let value = value.strictInteger, let time = time.milliseconds else {
                throw .init(
                    "ValueList and ScadaReadTimeUnixMsList: must hold whole numbers and times")
            }
            readings.append(
                GridworksReading(
                    channel: channel, value: value, at: GridworksTime.wall(time),
                    isSimulated: json.isSimulated))
        }
    }
}

extension GridworksState {
    fileprivate init(_ json: JsonNode) throws(GridworksEnvelope.Malformed) {
        self.init(
            handle: try json.text("MachineHandle"), stateType: try json.text("StateEnum"),
            state: try json.text("State"), at: try json.time("UnixMs"))
    }
}

extension JsonNode {
    /// What Tidegate adds and others leave aside.
    fileprivate var isSimulated: Bool { self["Simulated"]?.flag == true }

    fileprivate func text(_ name: String) throws(GridworksEnvelope.Malformed) -> String {
        guard let text = self[name]?.text else { throw .init("\(name): must be a text") }
        return text
    }

    fileprivate func time(_ name: String) throws(GridworksEnvelope.Malformed) -> WallTime {
        guard let milliseconds = self[name]?.milliseconds else {
            throw .init("\(name): must be milliseconds of the years 2000 to 3000")
        }
        return GridworksTime.wall(milliseconds)
    }

    fileprivate func elements<Element>(
        _ name: String,
        _ read: (JsonNode) throws(GridworksEnvelope.Malformed) -> Element
    ) throws(GridworksEnvelope.Malformed) -> [Element] {
        guard let list = self[name]?.list else { throw .init("\(name): must be a list") }
        var result: [Element] = []
        for element in list { result.append(try read(element)) }
        return result
    }

    /// Python takes 12, 12.0 and "12" for the same, and refuses 12.5.
    fileprivate var lenientInteger: Int64? {
        (number ?? text.flatMap { DecimalNumber($0) })?.wholeSteps(exponent: 0)
    }
}

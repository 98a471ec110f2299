import Delivery
import Fakes
import Foundation
import GridworksParent
import Health
import Journals
import Mqtt
import Synchronization
import Vocabulary

/// What children put on the wire, as genuine ones do.
enum ChildWords {
    static let house: GatewayName = "d1.demo.house.scada"
    static let barn: GatewayName = "d1.demo.barn.scada"

    static func message(
        _ type: String, _ members: String = "", id: String = "", ack: Bool = false,
        from child: GatewayName = house, isRetained: Bool = false
    ) -> MqttMessage {
        let comma = members.isEmpty ? "" : ","
        let text = """
            {"Header":{"Src":"\(child)","Dst":"ltn","MessageType":"\(type)","MessageId":"\(id)",\
            "AckRequired":\(ack),"TypeName":"gridworks.header"},\
            "Payload":{\(members)\(comma)"TypeName":"\(type)"},"TypeName":"gw"}
            """
        let wire = { (name: String) in name.replacing(".", with: "-") }
        return MqttMessage(
            topic: "gw/\(wire(child.text))/to/ltn/\(wire(type))", payload: Array(text.utf8),
            isRetained: isRetained)
    }

    static func ping(from child: GatewayName = house, isRetained: Bool = false) -> MqttMessage {
        message(
            "gridworks.ping", "\"MessageId\":\"p\"", id: "p", ack: true, from: child,
            isRetained: isRetained)
    }

    static func ack(_ identity: String, from child: GatewayName = house) -> MqttMessage {
        message("gridworks.ack", "\"AckMessageID\":\"\(identity)\"", from: child)
    }

    static func event(_ identity: String, from child: GatewayName = house) -> MqttMessage {
        message(
            "gridworks.event.problem",
            """
            "MessageId":"\(identity)","TimeCreatedMs":1795224776397,"ProblemType":"warning",\
            "Summary":"cold","Details":"feet"
            """, id: identity, ack: true, from: child)
    }

    static func layout(from child: GatewayName = house) -> MqttMessage {
        message(
            "layout.lite",
            """
            "ShNodes":[{"Name":"pump","Handle":"ltn.pump"},{"Name":"fan","Handle":"admin.fan"}],\
            "I2cRelayComponent":{"ConfigList":[\(relay("pump")),\(relay("fan"))]}
            """, from: child)
    }

    private static func relay(_ name: String) -> String {
        """
        {"ActorName":"\(name)","ChannelName":"\(name)","EventType":"change.relay.state",\
        "DeEnergizingEvent":"OpenRelay","EnergizingEvent":"CloseRelay",\
        "StateType":"relay.closed.or.open","DeEnergizedState":"RelayOpen",\
        "EnergizedState":"RelayClosed"}
        """
    }

    static func done(_ trigger: String) -> MqttMessage {
        message(
            "fsm.full.report",
            """
            "FromName":"pump","TriggerId":"\(trigger)","AtomicList":[{"ToState":"RelayClosed"}]
            """)
    }

    static func glitch(_ node: String) -> MqttMessage {
        message("glitch", #""Node":"\#(node)","Summary":"command refused","Details":"too soon""#)
    }
}

extension MqttMessage {
    /// The last level of the topic.
    var type: String { topic.split(separator: "/").last.map(String.init) ?? "" }

    /// What stands behind a name in the payload.
    func word(_ name: String) -> String? {
        guard let start = text.firstRange(of: "\"\(name)\":\"")?.upperBound else { return nil }
        return text[start...].split(separator: "\"").first.map(String.init)
    }
}

/// A machine with two children and a clock that stands still.
struct ParentBench {
    var machine = ParentMachine(
        alias: "d1.demo.house", incarnation: "i7", shortName: "ltn",
        children: [.init(ChildWords.house), .init(ChildWords.barn)],
        rules: LinkRules(ackTimeout: .seconds(5), pollPeriod: .seconds(60)),
        chance: SeededGenerator(seed: 1))
    let clock = ManualClock()

    /// What was to be done, sorted by kind.
    struct Outcome {
        var subscribed: [String] = []
        var published: [MqttMessage] = []
        var stored: [ReceivedItem] = []
        var statuses: [(own: LinkStatus, links: [LinkStatus])] = []
        var told: [ParentLine] = []
        var isClosed = false

        init(_ actions: [ParentMachine.Action]) {
            for action in actions {
                switch action {
                case .connect: break
                case .close: isClosed = true
                case .subscribe(let topic): subscribed.append(topic)
                case .publish(let message, _): published.append(message)
                case .publishStatus(let own, let links): statuses.append((own, links))
                case .store(let item): stored.append(item)
                case .report(let line): told.append(line)
                }
            }
        }

        /// The identities that are acknowledged.
        var acknowledged: [String] {
            published.filter { $0.type == "gridworks-ack" }.compactMap { $0.word("AckMessageID") }
        }

        var links: [String] {
            told.compactMap { line in
                if case .link(let child, let word, _) = line { "\(child) \(word)" } else { nil }
            }
        }

        var answers: [(identity: String, outcome: ParentLine.Outcome, words: String)] {
            told.compactMap { line in
                if case .answer(_, let identity, let outcome, let words) = line {
                    (identity, outcome, words)
                } else {
                    nil
                }
            }
        }

        var problems: [String] {
            told.compactMap { line in
                if case .problem(_, let words) = line { words } else { nil }
            }
        }
    }

    mutating func take(_ news: MqttEvent) -> Outcome {
        Outcome(machine.take(news, at: clock.now, wall: clock.wallTime))
    }

    mutating func hear(_ message: MqttMessage) -> Outcome { take(.received(message)) }

    mutating func order(_ line: String) -> Outcome {
        Outcome(machine.take(line: line, at: clock.now, wall: clock.wallTime))
    }

    mutating func kept(_ items: [ReceivedItem], isNew: Bool = true) -> Outcome {
        Outcome(machine.take(items.map { .init(key: $0.key, isNew: isNew) }))
    }

    mutating func pass(_ time: Duration) -> Outcome {
        clock.advance(by: time)
        return Outcome(machine.tick(at: clock.now))
    }

    /// Connects and subscribes.
    mutating func connect() -> Outcome {
        var actions = machine.start(at: clock.now)
        actions += machine.take(
            .connected(sessionPresent: false), at: clock.now, wall: clock.wallTime)
        return confirm(Outcome(actions).subscribed, after: actions)
    }

    mutating func reconnect() -> Outcome {
        let actions = machine.take(
            .connected(sessionPresent: false), at: clock.now, wall: clock.wallTime)
        return confirm(Outcome(actions).subscribed, after: actions)
    }

    private mutating func confirm(
        _ topics: [String], after actions: [ParentMachine.Action]
    ) -> Outcome {
        var actions = actions
        for topic in topics {
            actions += machine.take(.subscribed(topic: topic), at: clock.now, wall: clock.wallTime)
        }
        return Outcome(actions)
    }

    /// Connects and hears both children, one of which says what it is made of.
    mutating func activate() {
        _ = connect()
        _ = hear(ChildWords.ping())
        _ = hear(ChildWords.ping(from: ChildWords.barn))
        _ = hear(ChildWords.layout())
    }
}

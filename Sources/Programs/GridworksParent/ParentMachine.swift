import Delivery
import Health
import Journals
import Mqtt
import Vocabulary

/// The parent's part for any number of children on one session.
///
/// A pure machine: what happened and `now` go in, actions come out, in order. One link for each child judges
/// it by what is received from it. An event is acknowledged once the store has kept it, and not before;
/// when it came again, it is acknowledged again.
public struct ParentMachine: Sendable {
    /// What the caller must do now.
    public enum Action: Sendable {
        case connect
        /// No more is to be sent: disconnect from the broker.
        case close
        case subscribe(String)
        /// Hand this over for a child, and report what became of it: `sent`, or `gaveWay`.
        case publish(MqttMessage, to: GatewayName)
        /// Say how the parent and its links stand now. The newest takes the place of one that waits.
        case publishStatus(own: LinkStatus, links: [LinkStatus])
        /// Keep this, and report by `kept` when it is; by `notTaken` when it cannot be.
        case store(ReceivedItem)
        case report(ParentLine)
    }

    struct Child: Sendable {
        let child: GridworksParentCodec.Child
        var link: Link<MqttMessage>
        /// How the link stands in the words of all links.
        var life = LinkLifecycle()
        /// What was reported of that last.
        var reportedState = LinkStatus.State.connecting
        /// What can be switched, by node; nil before the child has said.
        var offers: [String: GridworksRelayOffer]?
        /// What the child calls its nodes in commands now.
        var handles: [String: String] = [:]
        /// Orders that wait for `offers`, since and until when. At most `mostWaiting`.
        var waiting: [(order: ParentOrder, since: MonotonicInstant, until: MonotonicInstant)] = []
        /// Malformed messages since that was last reported, and when.
        var malformed: (count: Int, reported: MonotonicInstant)?
        var counts = LinkCounts()
    }

    struct Pending: Sendable {
        let identity: String
        let child: GatewayName
        let node: String
        let since: MonotonicInstant
        let until: MonotonicInstant
        var wasTaken = false
    }

    /// An event on its way to the disk.
    struct Keeping: Sendable {
        let event: GridworksEvent
        /// What the child wants to have acknowledged, at most `mostIdentities`. A report has an identity of its
        /// own beside that of the message it comes in.
        var acknowledge: Set<String>
    }

    /// How long an order may go without an answer.
    public static let commandTime = Duration.seconds(10)
    /// How often malformed messages of one child are reported.
    public static let malformedPeriod = Duration.seconds(60)
    static let mostWaiting = 16
    static let mostPending = 256
    private static let mostIdentities = 8
    private static let mostRefusals = 64

    let alias: GatewayName
    let incarnation: String
    let codec: GridworksParentCodec
    let shortName: String
    let ackTimeout: Duration
    var children: [GatewayName: Child] = [:]
    let names: [GatewayName]
    var pending: [Pending] = []
    var chance: SeededGenerator
    private var keeping: [ReceivedItem.Key: Keeping] = [:]
    var isConnected = false
    /// How often the parent has said how it stands, and when it did last and is to do next.
    var statusSequence: UInt64 = 0
    var statusPublished = MonotonicInstant(nanoseconds: 0)
    var statusDue: MonotonicInstant?
    /// Why the broker refuses what topic, as reported, so that it is reported once for each change. At most
    /// `mostRefusals`.
    private var refusals: [String: String] = [:]
    /// Nothing can be kept for now.
    private var isStoreIll = false
    public private(set) var isStopping = false

    /// - Parameters:
    ///   - incarnation: Random for each start of the process.
    ///   - shortName: What the children call the parent.
    ///   - rules: How long acknowledgements may take and children be silent.
    public init(
        alias: GatewayName, incarnation: String, shortName: String,
        children: [GridworksParentCodec.Child], rules: LinkRules, chance: SeededGenerator
    ) {
        (self.alias, self.incarnation) = (alias, incarnation)
        let codec = GridworksParentCodec(alias: alias, shortName: shortName, children: children)
        (self.codec, self.shortName, self.chance) = (codec, shortName, chance)
        ackTimeout = rules.ackTimeout
        names = children.map(\.alias)
        for child in children {
            let seed = self.chance.next()
            self.children[child.alias] = Child(
                child: child,
                link: Link(
                    rules: rules, hasPeer: true, topics: [codec.subscription(to: child)],
                    chance: SeededGenerator(seed: seed)))
        }
    }

    /// When the caller owes the next `tick`; nil when time alone changes nothing.
    public var deadline: MonotonicInstant? {
        var moments = pending.map(\.until) + [statusDue].compactMap(\.self)
        for child in children.values {
            moments += [child.link.deadline, child.life.nextLook].compactMap(\.self)
            moments += child.waiting.map(\.until)
            if let malformed = child.malformed {
                moments.append(malformed.reported.advanced(by: Self.malformedPeriod))
            }
        }
        return moments.min()
    }

    // MARK: What happens

    /// Begins to connect.
    public mutating func start(at now: MonotonicInstant) -> [Action] {
        [.connect] + all(.start, at: now)
    }

    /// The session has news.
    public mutating func take(
        _ news: MqttEvent, at now: MonotonicInstant, wall: WallTime
    ) -> [Action] {
        hear(news, at: now, wall: wall) + statusIfDue(at: now)
    }

    private mutating func hear(
        _ news: MqttEvent, at now: MonotonicInstant, wall: WallTime
    ) -> [Action] {
        switch news {
        case .connected:
            (isConnected, refusals) = (true, [:])
            // A client that took the last will for our end learns that all of it begins again.
            let opening = publishStatus(.connecting, at: now)
            statusDue = isStopping ? nil : now
            return [.report(.broker(isConnected: true, "")), opening] + all(.connected, at: now)
        case .unreachable(let why), .refused(let why):
            return [.report(.broker(isConnected: false, why))] + all(.connectFailed(why), at: now)
        case .disconnected(let why):
            (isConnected, statusDue) = (false, nil)
            return [.report(.broker(isConnected: false, why))] + all(.disconnected(why), at: now)
        case .subscribed(let topic):
            return handle(.subscribed(topic), owner(of: topic), at: now)
        case .subscriptionRefused(let topic, let why):
            return handle(.subscriptionRefused(topic, because: why), owner(of: topic), at: now)
        case .received(let message):
            guard let heard = codec.heard(message) else { return [] }
            return take(heard, at: now, wall: wall)
        case .publishRefused(_, let why, let topic, _):
            guard refusals[topic] != why else { return [] }
            if refusals.count < Self.mostRefusals { refusals[topic] = why }
            return [.report(.problem(nil, "rejected by the broker: \(topic): \(why)"))]
        case .dropped(let count):
            return [
                .report(
                    .problem(
                        nil, "\(count) messages dropped, too fast or too large"))
            ]
        case .acknowledged, .nameTaken: return []
        }
    }

    /// Items are on disk now.
    public mutating func take(_ kept: [ReceivedEvent.Kept]) -> [Action] {
        var actions: [Action] = []
        for kept in kept {
            guard let event = keeping.removeValue(forKey: kept.key),
                let child = children[kept.key.child]
            else { continue }
            for identity in event.acknowledge.sorted() {
                actions.append(
                    .publish(
                        codec.acknowledgement(of: identity, to: child.child), to: kept.key.child))
            }
            actions.append(
                .report(.event(kept.key.child, event.event, isNew: kept.isNew)))
        }
        return actions
    }

    /// Nothing can be kept for now, or it can again.
    ///
    /// Meanwhile no ping is answered: a child would take the answer for a sign that its events are passed
    /// over, and give them up.
    public mutating func storing(isFaulty: Bool) { isStoreIll = isFaulty }

    /// There is no room for an item. Its child will send it again.
    public mutating func notTaken(_ key: ReceivedItem.Key) {
        keeping[key] = nil
        children[key.child]?.counts[.dropped] += 1
    }

    /// Time has passed.
    public mutating func tick(at now: MonotonicInstant) -> [Action] {
        var actions: [Action] = []
        for name in names {
            let moments = [children[name]?.link.deadline, children[name]?.life.nextLook]
            if let due = moments.compactMap(\.self).min(), due <= now {
                actions += handle(.tick, name, at: now)
            }
            actions += endMalformed(of: name, at: now)
        }
        return actions + endOrders(at: now) + statusIfDue(at: now)
    }

    /// Nothing more is taken in; what is kept is still acknowledged, until `close`.
    public mutating func stop() { (isStopping, statusDue) = (true, nil) }

    /// The end.
    public mutating func close(at now: MonotonicInstant) -> [Action] {
        isStopping = true
        let ends = all(.stop, at: now)
        return ends + (isConnected ? [publishStatus(.closed, at: now)] : []) + [.close]
    }

    // MARK: Links

    private func owner(of topic: String) -> GatewayName? {
        names.first { name in
            children[name].map { codec.subscription(to: $0.child) } == topic
        }
    }

    private mutating func all(
        _ input: Link<MqttMessage>.Input, at now: MonotonicInstant
    ) -> [Action] {
        var actions: [Action] = []
        for name in names { actions += handle(input, name, at: now) }
        return actions
    }

    private mutating func handle(
        _ input: Link<MqttMessage>.Input, _ name: GatewayName?, at now: MonotonicInstant
    ) -> [Action] {
        guard let name, let child = children[name] else { return [] }
        var (actions, reason): ([Action], String) = ([], "")
        for action in children[name]?.link.handle(input, at: now) ?? [] {
            switch action {
            case .subscribe(let topics): actions += topics.map(Action.subscribe)
            case .ping(let identity):
                actions.append(.publish(codec.ping(identity, to: child.child), to: name))
            case .record(.connectFailed, let why) where isConnected:
                actions.append(.report(.problem(name, why)))
            // The broker's coming and going is reported once for all children.
            case .record(let kind, let why): if kind == .peerSilent { reason = why }
            case .greetPeer, .connect, .disconnect, .advance, .deadLettered, .handOver, .rewind:
                break
            }
        }
        let link = children[name]?.link ?? child.link
        if case .subscribed(let topic) = input, link.state != .active {
            reason = "waiting for its first message, on \(topic)"
        }
        children[name]?.life.follow(link, because: reason, at: now)
        let life = children[name]?.life ?? child.life
        if life.state != child.reportedState {
            children[name]?.reportedState = life.state
            actions.append(.report(.link(name, life.state, life.cause ?? reason)))
            hurryStatus(at: now)
        }
        return actions
    }

    // MARK: Hearing

    private mutating func take(
        _ heard: GridworksReceived, at now: MonotonicInstant, wall: WallTime
    ) -> [Action] {
        let name = heard.child
        guard let child = children[name]?.child else { return [] }
        children[name]?.counts[.received] += 1
        var actions: [Action] = []
        if heard.isHeartbeat { actions += handle(.heard(isRetained: false), name, at: now) }
        switch heard.matter {
        case .event(let event):
            return actions + store(event, of: name, heard.acknowledge, wall)
        case .acknowledged(let identity):
            actions += handle(.acknowledged(identity), name, at: now)
            acknowledged(identity, by: name)
        case .snapshot(let readings, let states):
            actions += readings.map { .report(.reading(name, $0)) }
            actions += states.map { .report(.state(name, $0)) }
        case .reading(let reading): actions.append(.report(.reading(name, reading)))
        case .power(let watts): actions.append(.report(.power(name, watts)))
        case .layout(let offers):
            actions.append(.report(.layout(name, offers)))
            actions += learn(offers, of: name, at: now, wall: wall)
        case .commandTree(let handles): children[name]?.handles = handles
        case .commandDone(let trigger, let words):
            actions += settle(trigger, .confirmed, words)
        case .glitch(let node, let words):
            actions.append(.report(.problem(name, "\(node): \(words)")))
            actions += settle(atNode: node, of: name, words)
        case .malformed(let why): actions += noteMalformed(why, of: name, at: now)
        case .ping: if isStoreIll { return actions }
        case .other, .ignored: break
        }
        if let identity = heard.acknowledge {
            actions.append(.publish(codec.acknowledgement(of: identity, to: child), to: name))
        }
        return actions
    }

    private mutating func store(
        _ event: GridworksEvent, of name: GatewayName, _ acknowledge: String?, _ wall: WallTime
    ) -> [Action] {
        guard !isStopping else { return [] }
        let key = ReceivedItem.Key(name, event.identity)
        if let acknowledge, keeping[key]?.acknowledge.count ?? 0 < Self.mostIdentities {
            keeping[key]?.acknowledge.insert(acknowledge)
        }
        guard keeping[key] == nil else { return [] }
        keeping[key] = Keeping(event: event, acknowledge: Set(acknowledge.map { [$0] } ?? []))
        return [
            .store(ReceivedItem(key: key, at: wall, line: event.line(of: name, at: wall)))
        ]
    }

    private mutating func noteMalformed(
        _ why: String, of name: GatewayName, at now: MonotonicInstant
    ) -> [Action] {
        if let malformed = children[name]?.malformed {
            children[name]?.malformed = (malformed.count + 1, malformed.reported)
            return []
        }
        children[name]?.malformed = (0, now)
        return [.report(.problem(name, "malformed message: \(why)"))]
    }

    private mutating func endMalformed(
        of name: GatewayName, at now: MonotonicInstant
    ) -> [Action] {
        guard let malformed = children[name]?.malformed,
            malformed.reported.advanced(by: Self.malformedPeriod) <= now
        else { return [] }
        children[name]?.malformed = malformed.count > 0 ? (0, now) : nil
        guard malformed.count > 0 else { return [] }
        return [.report(.problem(name, "\(malformed.count) more malformed messages"))]
    }
}

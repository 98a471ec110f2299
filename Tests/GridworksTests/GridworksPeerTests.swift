import Fakes
import Foundation
import Testing
import Vocabulary

@testable import Gridworks
@testable import GridworksParent
@testable import Mqtt

/// Where the genuine half of the check leaves its messages, and takes ours from.
private let gridworksFolder = ProcessInfo.processInfo.environment["TIDEGATE_GRIDWORKS_FOLDER"]
    .map { URL(fileURLWithPath: $0) }

/// Half of a check with the genuine GridWorks packages; `Tests/RealInput/gridworks-codec.sh` is the other.
@Suite(.enabled(if: gridworksFolder != nil)) struct GridworksPeerTests {
    typealias House = GridworksHouse

    private struct Line: Codable {
        var topic: String
        var payload: String
        var type: String?
    }

    private static let codec = House.codec(holders: [House.relay2: House.admin])
    private static let parent = GridworksParentCodec(
        alias: House.parent, shortName: "a", children: [.init(House.scada)])

    @Test func `what genuine peers write is understood`() throws {
        let file = try #require(gridworksFolder).appendingPathComponent("theirs.jsonl")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
        #expect(lines.count > 30)
        var chance = SeededGenerator(seed: 1)
        // Here admin holds nothing, and there the second relay.
        let free = House.codec()
        for line in lines {
            let message = MqttMessage(topic: line.topic, payload: Array(line.payload.utf8))
            let type = line.type ?? ""
            if line.topic.hasPrefix("gw/d1-isone-ct-newhaven-orange1-scada/") {
                let heard = try #require(Self.parent.heard(message))
                if case .malformed(let why) = heard.matter { Issue.record("\(type): \(why)") }
                if case .ignored(let why) = heard.matter { Issue.record("\(type): \(why)") }
                #expect(heard.isHeartbeat)
                let asks = type.hasPrefix("gridworks.event") || type == "report.event"
                #expect((heard.acknowledge != nil) == (asks || type == "gridworks.ping"), "\(type)")
                if case .event(let event) = heard.matter, type == "report.event" {
                    #expect(event.readings.map(\.value) == [21_500, -3])
                }
                continue
            }
            let incoming = free.incoming(message, at: House.now, using: &chance)
            switch incoming.matter {
            case .malformed(let why), .refused(let why, _, _, _): Issue.record("\(type): \(why)")
            case .ignored where type != "gridworks.ping": Issue.record("\(type): ignored")
            case .commands:
                #expect(
                    ["fsm.event", "analog.dispatch"].contains(type) || type.hasPrefix("admin."))
            default: break
            }
            #expect((incoming.acknowledge != nil) == (type != "gridworks.ack"), "\(type)")
        }
    }

    @Test func `all that we write is written down for genuine decoders`() throws {
        let file = try #require(gridworksFolder).appendingPathComponent("ours.jsonl")
        var text = ""
        for message in Self.childs() + Self.parents() {
            let line = Line(topic: message.topic, payload: message.text)
            text += String(decoding: try JSONEncoder().encode(line), as: UTF8.self) + "\n"
        }
        try text.write(to: file, atomically: true, encoding: .utf8)
    }

    private static func parents() -> [MqttMessage] {
        let child = GridworksParentCodec.Child(House.scada)
        return [
            parent.ping("4a525fc8-da64-440e-afd3-494dabace085", to: child),
            parent.acknowledgement(of: "4a525fc8-da64-440e-afd3-494dabace085", to: child),
            parent.sendSnapshot(to: child), parent.sendLayout(to: child, at: House.now),
            parent.command(
                "CloseRelay", of: "change.relay.state", to: "a.relay1", at: child,
                trigger: House.trigger, now: House.now),
            parent.command(
                value: 7, about: "dist-010v", to: "a.dist-010v", at: child, trigger: House.trigger,
                now: House.now),
        ]
    }

    private static func childs() -> [MqttMessage] {
        var writer = codec.historyWriter(of: House.journal)
        var entries: [Entry] = []
        func add(
            _ matter: Fact.Matter, _ node: ShNodeName = .gateway,
            milliseconds: Int64 = 1_795_225_230_003
        ) {
            entries.append(
                House.entry(UInt64(entries.count + 1), matter, node, milliseconds: milliseconds))
        }
        for channel in ["tank", "vdc-relay1", "relay2", "dist-010v"] as [DataChannelName] {
            add(House.readings((channel, 1), (channel, 0)), "tank")
        }
        add(House.readings(("tank", .min), ("tank", .max)), "tank", milliseconds: 0)
        for kind in GatewayEvent.Kind.allCases {
            add(
                .event(
                    GatewayEvent(
                        kind, link: "peer", number: 30_000_000_000, detail: "\u{1}é\"\\😀\n")))
            add(.event(GatewayEvent(kind)))
        }
        for kind in Fault.Kind.allCases {
            for isOn in [true, false] {
                add(
                    .fault(Fault(channel: "tank", kind: kind, isOn: isOn, detail: "why")),
                    "tank")
                add(.fault(Fault(kind: kind, isOn: isOn, detail: "")), "tank")
            }
        }
        let history = entries.flatMap { writer.write($0) }.flatMap(\.messages)
        return history + now() + answers()
    }

    private static func now() -> [MqttMessage] {
        let stamp = House.stamp(House.now)
        let latest = House.profile.nodes.flatMap(\.channels).map {
            LiveValue(node: $0.node, reading: Reading(channel: $0.name, value: 1), at: stamp)
        }
        return [codec.ping("4a525fc8-da64-440e-afd3-494dabace085"), codec.acknowledgement(of: "x")]
            + [codec.acknowledgement(of: GridworksCodec.adminMark + "x")]
            + latest.flatMap { codec.live($0.reading, at: House.now) }
            + codec.activation(at: House.now) + codec.snapshot(latest, at: House.now)
            + House.codec(hasAdmin: false).snapshot([], at: House.now)
            + House.codec().control(
                Control(overriddenBy: House.admin), of: House.relay2, at: stamp)
    }

    private static func answers() -> [MqttMessage] {
        var chance = SeededGenerator(seed: 1)
        let stamp = House.stamp(House.now)
        let questions = [
            House.said("gridworks.proactor.dbg", #""Command":"show_subscriptions""#),
            House.said("gridworks.proactor.dbg", "", source: "admin"),
            House.said("send.layout", ""), House.said("send.control.capabilities", ""),
            House.said("send.control.capabilities", "", source: "admin"),
            House.said("fsm.event", House.event("CloseRelay", to: "a.relay1", from: "a")),
            House.said("fsm.event", House.event("CloseRelay", to: "a.relay2", from: "a")),
            House.said(
                "admin.dispatch", House.dispatch("OpenRelay", to: "relay2"), source: "admin"),
            parent.command(
                value: 7, about: "dist-010v", to: "a.dist-010v", at: .init(House.scada),
                trigger: House.trigger, now: House.now),
        ]
        return questions.flatMap { question -> [MqttMessage] in
            switch codec.incoming(question, at: House.now, using: &chance).matter {
            case .reply(let messages): messages
            case .refused(let why, let id, let node, let reply):
                codec.answer(.refused(why), id: id, node: node, to: reply, at: stamp)
            case .commands(let commands, let reply):
                commands.flatMap { command -> [MqttMessage] in
                    [
                        CommandOutcome.confirmed(1, at: stamp.monotonic), .failed("f"),
                        .timedOut("l"),
                    ].flatMap {
                        codec.answer($0, id: command.id, node: command.node, to: reply, at: stamp)
                    }
                }
            default: []
            }
        }
    }
}

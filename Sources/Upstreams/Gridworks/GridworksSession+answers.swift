import Codecs
import Mqtt
import PlainJson
import Vocabulary

// Reports what became of commands.
extension GridworksSession {
    mutating func answer(
        _ outcome: CommandOutcome, id: CommandID, node: ShNodeName?, to reply: Reply,
        at now: Timestamp
    ) -> [MqttMessage] {
        let admin = GridworksTopics.root(from: codec.gateway.text, to: GridworksTopics.admin)
        let destination =
            reply.topic == admin ? GridworksTopics.admin : codec.settings.parentShortName
        let context = GridworksContext(reply.correlationData)
        let said: [MqttMessage]
        switch outcome {
        case .confirmed(let value, let at):
            let isTarget = node != nil && context?.target == node
            said =
                isTarget
                ? report(of: value, at: now.wall(of: at), id, context, to: destination) : []
        case .refused(let why):
            said = [glitch("Warning", "command refused", why, node, to: destination, at: now.wall)]
        case .failed(let why):
            said = [glitch("Error", "command failed", why, node, to: destination, at: now.wall)]
        case .timedOut(let why):
            said = [
                glitch(
                    "Error", "command not confirmed before the timeout", why, node, to: destination,
                    at: now.wall)
            ]
        }
        return said + changedTree(at: now.wall)
    }

    /// What the relay did, step by step: the event that it took, and what that did to the hardware.
    private func report(
        of value: Int64, at: WallTime, _ id: CommandID, _ context: GridworksContext?,
        to destination: String
    ) -> [MqttMessage] {
        guard let context, let node = context.target, let relay = codec.relays[node],
            GridworksIdentity.isUUID4(id.text)
        else { return [] }
        let time = JsonText.number(GridworksTime.milliseconds(at))
        let trigger = JsonText.text(id.text)
        func step(
            _ handle: String, _ stateType: String, _ members: KeyValuePairs<String, JsonText>
        ) -> JsonText {
            let head: KeyValuePairs<String, JsonText> = [
                "MachineHandle": .text(handle), "StateEnum": .text(stateType),
            ]
            let tail: KeyValuePairs<String, JsonText> = [
                "UnixTimeMs": time, "TriggerId": trigger, "TypeName": "fsm.atomic.report",
                "Version": "000",
            ]
            return .group(
                [head, members, tail].flatMap { pairs in
                    pairs.map { JsonText.Member(name: $0.key, value: $0.value) }
                })
        }
        var steps: [JsonText] = []
        if let words = relay.words {
            steps.append(
                step(
                    context.handle, words.stateType,
                    [
                        "ReportType": "Event", "ActionType": .null, "Action": .null,
                        "EventEnum": .text(context.eventType ?? words.eventType),
                        "Event": context.event.map { .text($0) } ?? .null,
                        "FromState": context.before.map { .text(words.state($0)) } ?? .null,
                        "ToState": .text(words.state(value)),
                    ]))
        }
        let isSwitch = relay.words != nil
        steps.append(
            step(
                isSwitch ? node.text : context.handle, isSwitch ? "relay.pin" : "analog.output",
                [
                    "ReportType": "Action",
                    "ActionType": isSwitch ? "RelayPinSet" : "Analog010VSignalSet",
                    "Action": .number(value), "EventEnum": .null, "Event": .null,
                    "FromState": .null, "ToState": .null,
                ]))
        let payload = JsonText.object([
            "FromName": .text(node.text), "TriggerId": trigger, "AtomicList": .list(steps),
            "TypeName": "fsm.full.report", "Version": "000",
        ])
        return [codec.message("fsm.full.report", to: destination, payload)]
    }

    /// Something went wrong that the requester should see. Nobody acknowledges it.
    private func glitch(
        _ level: String, _ summary: String, _ details: String, _ node: ShNodeName?,
        to destination: String, at now: WallTime
    ) -> MqttMessage {
        codec.message(
            "glitch", to: destination,
            .object([
                "FromGNodeAlias": .text(codec.gateway.text),
                "Node": .text(node?.text ?? codec.settings.shortName), "Type": .text(level),
                "Summary": .text(summary),
                "Details": .text(details.printable(limit: PlainDocuments.longestDetail)),
                "CreatedMs": .number(GridworksTime.milliseconds(now)), "TypeName": "glitch",
                "Version": "000",
            ]))
    }
}

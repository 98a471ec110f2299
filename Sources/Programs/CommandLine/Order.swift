import ArgumentParser
import Control
import Documents
import Host
import Mqtt
import Peers
import PlainJson
import Timing
import Vocabulary

/// One order of the command line to a running gateway.
struct Order: Sendable {
    let node: String
    let request: CommandRequest
    /// In seconds.
    let within: Int
    /// The command that was typed, for messages.
    let command: String

    /// - Returns: The answer, which is a confirmation.
    /// - Throws: The exit status for every other outcome, which has been reported.
    func ask(_ options: BrokerOptions) async throws -> PlainAnswer {
        let clock = SystemClock()
        if let place = try options.local() { return try await ask(place, on: clock) }
        let target = try options.target(for: command)
        guard let node = ShNodeName(node), let gateway = target.gateway else {
            Output.error("tidegate: name the gateway with --gateway")
            throw ExitStatus.configuration.code
        }
        var chance = SystemChance()
        let id = CommandID(using: &chance)
        let message = target.reader.command(
            CommandDocument(request, id: id, expires: expiry(on: clock)), gateway: gateway,
            node: node, by: .cli)
        let session = MqttSession(settings: target.settings, clock: clock)
        session.connect()
        let asking = Ask(session: session, target: target, id: id)
        let outcome = await Timing.within(.seconds(within), on: clock) {
            await asking.ask(
                message, answers: target.reader.answerTopic(gateway: gateway, node: node))
        }
        session.close()
        return try end(outcome ?? .timedOut)
    }

    /// Asks the gateway itself.
    private func ask(
        _ place: LocalGateways.Place, on clock: any GatewayClock
    ) async throws -> PlainAnswer {
        var chance = SystemChance()
        guard let name = ShNodeName(node) else { throw ExitStatus.usage.code }
        let order = PeerOrder(request, id: CommandID(using: &chance), within: .seconds(within))
        let asked = LocalRequest(.question(.set(name, order)), of: place)
        switch await asked.outcome(within: .seconds(within), on: clock) {
        case nil: return try end(.timedOut)
        // What was sent may have been carried out.
        case .failure(let error) where error.kind == .lost: return try end(.timedOut)
        case .failure(let error): return try end(.unavailable(error.detail))
        case .success(let text):
            if let answer = PlainReader().answer(in: text), answer.id == order.id {
                return try end(.answered(answer))
            }
            let why = LocalRequest.refusal(in: text) ?? "its answer cannot be understood"
            Output.error("tidegate: \(place.gateway): \(why)")
            throw ExitStatus.failure.code
        }
    }

    /// A board whose clock is not set could not judge an expiry, and would refuse it.
    private func expiry(on clock: any GatewayClock) -> WallTime? {
        clock.isWallTimeSynchronised ? clock.wallTime.advanced(by: .seconds(within)) : nil
    }

    private func end(_ outcome: Ask.Outcome) throws -> PlainAnswer {
        switch outcome {
        case .answered(let answer) where answer.outcome == .confirmed: return answer
        case .answered(let answer):
            let what = request == .release ? "released" : "set"
            let words =
                answer.outcome == .timedOut
                ? "not \(what) yet" : "not \(what), \(answer.outcome)"
            Output.error(
                "tidegate: \(node): \(words): " + (answer.detail ?? "no reason given"))
            throw (answer.outcome == .timedOut ? ExitStatus.timedOut : ExitStatus.failure).code
        case .unavailable(let why):
            Output.error("tidegate: \(why)")
            throw ExitStatus.unavailable.code
        case .timedOut:
            Output.error(
                "tidegate: no answer from \(node) within \(within) s; "
                    + "the outcome is unknown")
            throw ExitStatus.timedOut.code
        }
    }
}

extension CommandRequest {
    /// What the words `set NODE VALUE --for TIME` ask for.
    ///
    /// - Throws: Which of them is wrong.
    init(value: String, overrideFor: String?) throws(ValidationError) {
        guard let meant = CommandValue(value) else {
            throw ValidationError("\"\(value)\" must be on, off or a number")
        }
        guard let overrideFor else {
            self = .set(meant)
            return
        }
        guard let time = Duration(layoutText: overrideFor) else {
            throw ValidationError("--for \(overrideFor) must be a time like 30s, 10min or 2h")
        }
        self = .override(meant, for: time)
    }

    /// The state that an answer shows; what was asked in words is answered in words.
    func state(_ number: DecimalNumber?) -> String {
        switch (self, number) {
        case (_, nil): "unchanged"
        case (.set(.number), let number?), (.override(.number, _), let number?): "\(number)"
        case (_, let number?): number.mantissa == 0 ? "off" : "on"
        }
    }
}

/// One question over MQTT and its one answer.
private struct Ask: Sendable {
    enum Outcome: Sendable {
        case answered(PlainAnswer)
        case unavailable(String)
        case timedOut
    }

    let session: MqttSession
    let target: BrokerOptions.Target
    let id: CommandID

    /// - Parameter answers: The topic of its answer, beside those of other requesters.
    func ask(_ message: MqttMessage, answers: String) async -> Outcome {
        var wasSent = false
        for await news in session.news {
            do throws(UpstreamError) {
                switch news {
                case .connected: try session.subscribe(answers)
                // Asked only now, so that the answer cannot come before we listen.
                case .subscribed:
                    try session.publish(message)
                    wasSent = true
                // After the command is out, it is unknown whether it arrived.
                case .disconnected where wasSent: return .timedOut
                case .unreachable(let why), .refused(let why): return .unavailable(why)
                case .disconnected(let why), .subscriptionRefused(_, let why),
                    .publishRefused(_, let why, _, _):
                    return .unavailable("\(target.settings.broker): \(why)")
                case .received(let reply):
                    if let answer = target.reader.answer(in: reply.payload), answer.id == id {
                        return .answered(answer)
                    }
                case .acknowledged, .dropped, .nameTaken: break
                }
            } catch {
                return .unavailable("\(error)")
            }
        }
        return .timedOut
    }
}

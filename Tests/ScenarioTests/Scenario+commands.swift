import Mqtt
import Vocabulary

@testable import Proactors

// Orders, and what becomes of them.
extension Scenario {
    func command(_ name: ShNodeName, _ value: Int) {
        let source = [
            CommandSource(.upstream, "site"), CommandSource(.page), CommandSource(.cli),
        ][roll(0...2)]
        let order: Command.Order =
            switch roll(0...9) {
            case 0: .override(value: Int64(value), for: .seconds(roll(1...10)))
            case 1: .release
            default: .set(Int64(value))
            }
        let isExpired = roll(0...7) == 0
        if isExpired { figures.faults["expired command", default: 0] += 1 }
        let wall = life.clock.wallTime
        let command = Command(
            id: CommandID(using: &chance), node: name, order: order, source: source,
            expires: isExpired ? wall.advanced(by: .seconds(-1)) : nil)
        lastWord = now
        let hold = holdNow(name)
        if case .set = order {} else { noteHoldOrder(name) }
        let isRepeated = roll(0...4) == 0
        if isRepeated { figures.faults["repeated command", default: 0] += 1 }
        for _ in 0..<(isRepeated ? 2 : 1) {
            figures.commands += 1
            let number = figures.commands
            asked[number] = Asked(at: now, command: command, mustRefuse: isExpired, hold: hold)
            let proactor = life.proactor
            Task { self.answered(number, await proactor.carryOut(command)) }
        }
    }

    func noteHoldOrder(_ name: ShNodeName) {
        holdOrders[name] = (holdOrders[name, default: (0, now)].count + 1, now)
    }

    private func holdNow(_ name: ShNodeName) -> (CommandSource, MonotonicInstant, Int)? {
        let isChanging = asked.values.contains { ask in
            if case .set = ask.command.order { return false }
            return ask.command.node == name
        }
        guard !isChanging, let control = life.proactor.control(of: name),
            let holder = control.overriddenBy, let until = control.until
        else { return nil }
        return (holder, until, holdOrders[name]?.count ?? 0)
    }

    private func answered(_ number: Int, _ answer: CommandOutcome) {
        // Whoever asked a gateway that has lost its power asks no more.
        guard let ask = asked.removeValue(forKey: number) else { return }
        figures.answers[String("\(answer)".prefix { $0 != "(" }), default: 0] += 1
        let command = ask.command
        let isRefused = if case .refused = answer { true } else { false }
        let isConfirmed = if case .confirmed = answer { true } else { false }
        if ask.mustRefuse {
            expect(.expiry, isRefused, "an expired command is answered \(answer)")
        }
        // The second one may be reported that the first is in work.
        if !isRefused {
            let first = outcomes[command.id] ?? answer
            outcomes[command.id] = first
            expect(.answers, first == answer, "\(command.id) is answered \(first) and \(answer)")
        }
        if case .set = command.order, let hold = ask.hold, hold.by != command.source,
            hold.until > life.clock.now, hold.orders == holdOrders[command.node]?.count ?? 0
        {
            expect(
                .hold, !isConfirmed,
                "\(command.source) commands \(command.node) while \(hold.by) holds it")
        }
    }

    /// A command over the broker, whose answer comes over it, too.
    func post(_ name: ShNodeName, _ value: Int, isRetained: Bool) {
        guard isHeard else { return }
        if isRetained { fault("retained command") }
        figures.commands += 1
        let id = "b\(figures.commands)"
        lastWord = now
        note("\(id): \(name) \(value)")
        posted[id] = Posted(at: now, node: name, isRetained: isRetained)
        life.broker.deliver(
            MqttMessage(
                topic: "set/\(name)", payload: Array("\(id) \(value)".utf8),
                isRetained: isRetained))
    }

    /// Whether a command to the relay waits for its answer.
    func isAsked(_ name: ShNodeName) -> Bool {
        asked.values.contains { $0.command.node == name }
            || posted.values.contains { $0.node == name && $0.answers.isEmpty }
    }

    /// The longest time that an answer may take.
    private var answerTime: Duration {
        let feedback = rules.values.compactMap(\.feedback?.within).max() ?? .zero
        return CommandDeadline.answerTime + feedback + Self.grace
    }

    func checkAnswers() async {
        let isLate = { (at: Duration) in self.now - at > self.answerTime }
        // Threads that had no turn while time flew are not what is looked for.
        if asked.values.contains(where: { isLate($0.at) }) {
            await work { !asked.values.contains { isLate($0.at) } }
        }
        for ask in asked.values {
            expect(
                .answers, !isLate(ask.at), "a command is not answered after \(now - ask.at)")
        }
        guard !posted.isEmpty, isHeard else { return }
        readAnswers()
        if posted.values.contains(where: { $0.answers.isEmpty && isLate($0.at) }) {
            await work {
                readAnswers()
                return !posted.values.contains { $0.answers.isEmpty && isLate($0.at) }
            }
        }
        for (id, post) in posted {
            expect(.answers, post.answers.count < 2, "\(id) is answered \(post.answers)")
            expect(
                .answers, !post.answers.isEmpty || !isLate(post.at),
                "\(id) is not answered after \(now - post.at)")
            if post.isRetained, let word = post.answers.first {
                expect(.expiry, word == "refused", "the retained \(id) is \(word)")
            }
        }
        // An answer that came is waited for a second time for a while.
        posted = posted.filter { $0.value.answers.count != 1 || now - $0.value.at <= .seconds(15) }
    }

    private func readAnswers() {
        let messages = life.broker.published
        for message in messages[published...] where message.topic.hasPrefix("answer/") {
            let words = message.text.split(separator: " ").map(String.init)
            posted[words[0]]?.answers.append(words[1])
        }
        published = messages.count
    }
}

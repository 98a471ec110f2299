import Channels
import Simulators
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(5))) struct `A mailbox` {
    private struct Stuck: Error {}

    private let clock = ManualClock()
    private let mailbox: Mailbox<Int, String>

    init() { mailbox = Mailbox("node relay", bound: 2, clock: clock) }

    private func ask(_ id: String, _ request: Int = 1) async -> Result<String, ChannelError> {
        do throws(ChannelError) {
            return .success(try await mailbox.ask(request, as: CommandID(id)!, within: .seconds(2)))
        } catch {
            return .failure(error)
        }
    }

    private func kind(_ result: Result<String, ChannelError>) -> ChannelError.Kind? {
        if case .failure(let error) = result { error.kind } else { nil }
    }

    @Test func `puts its questions to one isolation in the order in which they were asked`() async {
        let mailbox = Mailbox<Int, String>("node relay", bound: 400, clock: clock)
        let relay = Relay()
        for pair in 0..<20 {
            let asking = (0..<400).map { number in
                Task.immediate {
                    try? await mailbox.ask(
                        number, as: CommandID("\(pair)-\(number)")!, within: .seconds(2))
                }
            }
            let serving = Task {
                await mailbox.answerEach { question in
                    // Every other one takes longer to get to where it waits.
                    let work = question.request.isMultiple(of: 2) ? 500 : 0
                    let sum = (0..<work).reduce(question.request) { $0 ^ $1 ^ $1 }
                    return await relay.take(sum)
                }
            }
            for task in asking { _ = await task.value }
            serving.cancel()
            await serving.value
            #expect(await relay.empty() == Array(0..<400))
        }
    }

    private actor Relay {
        private var taken: [Int] = []

        func take(_ number: Int) -> String {
            taken.append(number)
            return ""
        }

        func empty() -> [Int] {
            defer { taken = [] }
            return taken
        }
    }

    @Test func `brings each answer to the one who asked`() async {
        async let first = ask("a", 1)
        let one = await mailbox.next()
        async let second = ask("b", 2)
        let two = await mailbox.next()
        #expect(one?.request == 1 && one?.id.text == "a")
        #expect(two?.answer("two") == true)
        #expect(one?.answer("one") == true)
        #expect(await first == .success("one"))
        #expect(await second == .success("two"))
    }

    @Test func `counts the first answer only`() async {
        async let answer = ask("a")
        let question = await mailbox.next()
        #expect(question?.answer("first") == true)
        #expect(question?.answer("second") == false)
        #expect(await answer == .success("first"))
    }

    @Test func `is busy at once when it is full, until a place is free again`() async {
        async let first = ask("a")
        async let second = ask("b")
        let questions = [await mailbox.next(), await mailbox.next()]
        #expect(kind(await ask("c")) == .busy)
        #expect(mailbox.status.busy == 1)
        questions[0]?.answer("done")
        async let third = ask("c")
        await mailbox.next()?.answer("done")
        questions[1]?.answer("done")
        _ = await (first, second)
        #expect(await third == .success("done"))
    }

    @Test func `refuses an identity that is under way, and leaves the first alone`() async {
        async let first = ask("a")
        let question = await mailbox.next()
        #expect(kind(await ask("a")) == .duplicate)
        question?.answer("done")
        #expect(await first == .success("done"))
    }

    @Test func `tells the asker when its time is over; a late answer is counted and dropped`() async
    {
        async let answer = ask("a")
        let question = await mailbox.next()
        await clock.sleepers(1)
        clock.advance(by: .seconds(2))
        #expect(kind(await answer) == .late)
        #expect(mailbox.status.inWork == 1, "its place is taken until it is let go")
        #expect(question?.answer("too late") == false)
        #expect(mailbox.status.late == 1)
        #expect(mailbox.status.inWork == 0)
    }

    @Test func `never hands out a question whose asker has been told that it is late`() async {
        async let answer = ask("a")
        await clock.sleepers(1)
        clock.advance(by: .seconds(2))
        #expect(kind(await answer) == .late)
        #expect(mailbox.take() == nil)
        #expect(mailbox.status.waiting == 0)
    }

    @Test func `keeps the time of each of several askers`() async {
        async let first = ask("a")
        await clock.sleepers(1)
        clock.advance(by: .seconds(1))
        // An immediate task has asked by the time that it gives way.
        let other = Task.immediate { [mailbox] in
            try await mailbox.ask(2, as: CommandID("b")!, within: .seconds(3))
        }
        #expect(mailbox.status.waiting == 2)
        clock.advance(by: .seconds(1))
        #expect(kind(await first) == .late)
        #expect(mailbox.status.waiting == 1)
        await clock.sleepers(1)
        clock.advance(by: .seconds(2))
        await #expect(throws: ChannelError.self) { try await other.value }
    }

    @Test func `forgets an asker that is cancelled`() async {
        let asking = Task { await ask("a") }
        let question = await mailbox.next()
        asking.cancel()
        #expect(kind(await asking.value) == .cancelled)
        #expect(question?.answer("done") == false)
        let waiting = Task.immediate { [mailbox] in
            try await mailbox.ask(2, as: CommandID("b")!, within: .seconds(2))
        }
        #expect(mailbox.status.waiting == 1)
        waiting.cancel()
        let error = await #expect(throws: ChannelError.self) { try await waiting.value }
        #expect(error?.kind == .cancelled)
        #expect(mailbox.take() == nil)
    }

    @Test func `answers with the error that a handler throws, and frees its place`() async {
        let serving = Task { [mailbox] in
            await mailbox.serve { question in
                guard question.request > 0 else { throw Stuck() }
                return "\(question.request)"
            }
        }
        for _ in 0..<10 {
            let failure = await ask("a", 0)
            #expect(kind(failure) == .failed)
            #expect(await ask("b", 7) == .success("7"))
        }
        #expect(mailbox.status.inWork == 0)
        mailbox.stop()
        await serving.value
    }

    @Test func `fails a question that is let go without an answer`() async {
        async let answer = ask("a")
        _ = await mailbox.next()
        #expect(kind(await answer) == .failed)
        #expect(mailbox.status.inWork == 0)
    }

    @Test func `that is stopped answers all that is pending with its cause, and takes no more`()
        async
    {
        let cause = Cause.failed("the node is let go")
        async let first = ask("a")
        let question = await mailbox.next()
        let second = Task.immediate { [mailbox] in
            try await mailbox.ask(2, as: CommandID("b")!, within: .seconds(2))
        }
        #expect(mailbox.status.waiting == 1)
        mailbox.stop(cause)
        #expect(kind(await first) == .stopped(cause))
        let error = await #expect(throws: ChannelError.self) { try await second.value }
        #expect(error?.kind == .stopped(cause))
        #expect(kind(await ask("c")) == .stopped(cause))
        #expect(await mailbox.next() == nil)
        #expect(question?.answer("done") == false)
        #expect(mailbox.cause == cause)
    }

    @Test func `answers every one of 100,000 questions of eight askers exactly once`() async {
        let mailbox = Mailbox<Int, Int>("echo", bound: 8, clock: clock)
        let serving = Task { await mailbox.serve { $0.request + 1 } }
        let right = await withTaskGroup(of: Int.self) { group in
            for asker in 0..<8 {
                group.addTask {
                    var right = 0
                    for number in 0..<12_500 {
                        let id = CommandID("\(asker)-\(number)")!
                        let answer = try? await mailbox.ask(number, as: id, within: .seconds(60))
                        if answer == number + 1 { right += 1 }
                    }
                    return right
                }
            }
            return await group.reduce(0, +)
        }
        #expect(right == 100_000)
        #expect(mailbox.status.answered == 100_000)
        mailbox.stop()
        await serving.value
    }
}

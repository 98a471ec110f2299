import Channels
import Fakes
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(10))) struct `A request queue` {
    private struct Stuck: Error {}

    private let clock = ManualClock()
    private let requestQueue: RequestQueue<Int, String>

    init() { requestQueue = RequestQueue("node relay", bound: 2, clock: clock) }

    private func ask(_ id: String, _ request: Int = 1) async -> Result<String, ChannelError> {
        do throws(ChannelError) {
            return .success(
                try await requestQueue.ask(request, as: CommandID(id)!, within: .seconds(2)))
        } catch {
            return .failure(error)
        }
    }

    private func kind(_ result: Result<String, ChannelError>) -> ChannelError.Kind? {
        if case .failure(let error) = result { error.kind } else { nil }
    }

    @Test func `puts its questions to one isolation in the order in which they were asked`() async {
        let requestQueue = RequestQueue<Int, String>("node relay", bound: 400, clock: clock)
        let relay = Relay()
        for pair in 0..<20 {
            let asking = (0..<400).map { number in
                Task.immediate {
                    try? await requestQueue.ask(
                        number, as: CommandID("\(pair)-\(number)")!, within: .seconds(2))
                }
            }
            let serving = Task {
                await requestQueue.answerEach { question in
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
        let one = await requestQueue.next()
        async let second = ask("b", 2)
        let two = await requestQueue.next()
        #expect(one?.request == 1 && one?.id.text == "a")
        #expect(two?.answer("two") == true)
        #expect(one?.answer("one") == true)
        #expect(await first == .success("one"))
        #expect(await second == .success("two"))
    }

    @Test func `counts the first answer only`() async {
        async let answer = ask("a")
        let question = await requestQueue.next()
        #expect(question?.answer("first") == true)
        #expect(question?.answer("second") == false)
        #expect(await answer == .success("first"))
    }

    @Test func `is busy at once when it is full, until a place is free again`() async {
        async let first = ask("a")
        async let second = ask("b")
        let questions = [await requestQueue.next(), await requestQueue.next()]
        #expect(kind(await ask("c")) == .busy)
        #expect(requestQueue.counts[.dropped] == 1)
        questions[0]?.answer("done")
        async let third = ask("c")
        await requestQueue.next()?.answer("done")
        questions[1]?.answer("done")
        _ = await (first, second)
        #expect(await third == .success("done"))
    }

    @Test func `answers the requester when its time is over; a late answer is counted and dropped`()
        async
    {
        async let answer = ask("a")
        let question = await requestQueue.next()
        await clock.sleepers(1)
        clock.advance(by: .seconds(2))
        #expect(kind(await answer) == .timedOut)
        #expect(requestQueue.counts[.inWork] == 1, "its place is taken until it is released")
        #expect(question?.answer("too late") == false)
        #expect(requestQueue.counts[.late] == 1)
        #expect(requestQueue.counts[.inWork] == 0)
    }

    @Test func `never hands out a question whose requester has been answered timed out`() async {
        async let answer = ask("a")
        await clock.sleepers(1)
        clock.advance(by: .seconds(2))
        #expect(kind(await answer) == .timedOut)
        #expect(requestQueue.take() == nil)
        #expect(requestQueue.counts[.depth] == 0)
    }

    @Test func `keeps the time of each of several requesters`() async {
        async let first = ask("a")
        await clock.sleepers(1)
        clock.advance(by: .seconds(1))
        // An immediate task has asked by the time that it yields.
        let other = Task.immediate { [requestQueue] in
            try await requestQueue.ask(2, as: CommandID("b")!, within: .seconds(3))
        }
        #expect(requestQueue.counts[.depth] == 2)
        clock.advance(by: .seconds(1))
        #expect(kind(await first) == .timedOut)
        #expect(requestQueue.counts[.depth] == 1)
        await clock.sleepers(1)
        clock.advance(by: .seconds(2))
        await #expect(throws: ChannelError.self) { try await other.value }
    }

    @Test func `forgets a requester that is cancelled`() async {
        let asking = Task { await ask("a") }
        let question = await requestQueue.next()
        asking.cancel()
        #expect(kind(await asking.value) == .cancelled)
        #expect(question?.answer("done") == false)
        let waiting = Task.immediate { [requestQueue] in
            try await requestQueue.ask(2, as: CommandID("b")!, within: .seconds(2))
        }
        #expect(requestQueue.counts[.depth] == 1)
        waiting.cancel()
        let error = await #expect(throws: ChannelError.self) { try await waiting.value }
        #expect(error?.kind == .cancelled)
        #expect(requestQueue.take() == nil)
    }

    @Test func `answers with the error that a handler throws, and frees its place`() async {
        let serving = Task { [requestQueue] in
            await requestQueue.answerEach { question in
                guard question.request > 0 else { throw Stuck() }
                return "\(question.request)"
            }
        }
        for _ in 0..<10 {
            let failure = await ask("a", 0)
            #expect(kind(failure) == .failed)
            #expect(await ask("b", 7) == .success("7"))
        }
        #expect(requestQueue.counts[.inWork] == 0)
        requestQueue.stop()
        await serving.value
    }

    @Test func `fails a question that is released without an answer`() async {
        async let answer = ask("a")
        _ = await requestQueue.next()
        #expect(kind(await answer) == .failed)
        #expect(requestQueue.counts[.inWork] == 0)
    }

    @Test func `that is stopped answers all that is pending with its cause, and takes no more`()
        async
    {
        let cause = Cause.failed("the node is released")
        async let first = ask("a")
        let question = await requestQueue.next()
        let second = Task.immediate { [requestQueue] in
            try await requestQueue.ask(2, as: CommandID("b")!, within: .seconds(2))
        }
        #expect(requestQueue.counts[.depth] == 1)
        requestQueue.stop(cause)
        #expect(kind(await first) == .stopped(cause))
        let error = await #expect(throws: ChannelError.self) { try await second.value }
        #expect(error?.kind == .stopped(cause))
        #expect(kind(await ask("c")) == .stopped(cause))
        #expect(await requestQueue.next() == nil)
        #expect(question?.answer("done") == false)
        #expect(requestQueue.cause == cause)
    }

    @Test func `answers every one of 20,000 questions of eight requesters exactly once`() async {
        let requestQueue = RequestQueue<Int, Int>("echo", bound: 8, clock: clock)
        let serving = Task { await requestQueue.answerEach { $0.request + 1 } }
        let right = await withTaskGroup(of: Int.self) { group in
            for requester in 0..<8 {
                group.addTask {
                    var right = 0
                    for number in 0..<2_500 {
                        let id = CommandID("\(requester)-\(number)")!
                        let answer = try? await requestQueue.ask(
                            number, as: id, within: .seconds(60))
                        if answer == number + 1 { right += 1 }
                    }
                    return right
                }
            }
            return await group.reduce(0, +)
        }
        #expect(right == 20_000)
        #expect(requestQueue.counts[.answered] == 20_000)
        requestQueue.stop()
        await serving.value
    }
}

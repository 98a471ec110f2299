import DriverKit
import Vocabulary

/// Which requests read a unit's registers, by what it has answered so far, so that a register that it
/// does not have costs its own channel and no other.
///
/// - A request that is refused is split in two until the register that is missing is known. That one
///   is left out, and asked for again after `firstPause`, later at ever longer intervals up to
///   `longestPause`: new firmware may have it.
/// - A request that fails again and again in another way while the unit answers others is split, too.
/// - A unit that is silent is asked for nothing else in that round.
///
/// A pure machine: `begin`, then `answered` or `failed` for each `next`, then `end`.
struct RegisterPolls: Sendable {
    /// What is read by one request of its own.
    private struct Group {
        /// Of single values, by address.
        let spans: [RegisterSpan]
        /// How often it has failed while the unit answered something else, or had nothing else to be
        /// asked for.
        var strikes = 0
        /// It has failed, and nothing was answered since.
        var isPending = false
        /// It has failed while something else was answered.
        var failsAlone = false
        var error: DriverError?

        init(_ spans: [RegisterSpan]) { self.spans = spans }

        var request: RegisterSpan {
            let first = spans[0]
            let end = spans.map(\.end).max() ?? first.end
            return RegisterSpan(
                function: first.function, address: first.address, count: end - first.address)
        }

        var halves: [Group] {
            let middle = spans.count / 2
            return [spans[..<middle], spans[middle...]].map { part in
                var half = Group(Array(part))
                half.failsAlone = failsAlone
                return half
            }
        }
    }

    private struct Plan {
        /// What it reads.
        let spans: [RegisterSpan]
        /// In the order in which they are asked: what failed last comes last.
        var groups: [Group]
        /// Whether it was split for what may pass; one good round puts it together again.
        var isTentative = false

        func place(of group: Group) -> Int? {
            groups.firstIndex { $0.request == group.request }
        }
    }

    private struct DeadLetter {
        let error: DriverError
        let pause: Duration
        let until: MonotonicInstant
    }

    /// What has come of one round so far.
    private struct Round {
        let spans: [RegisterSpan]
        let now: MonotonicInstant
        /// Its place among the plans; nil once that was forgotten.
        var plan: Int?
        var queue: [Group] = []
        var asked: Group?
        var words = RegisterWords()
        var failures: [RegisterSpan: DriverError] = [:]
        var firstError: DriverError?
        var hasAnswer = false
        /// Whether the failure that counts is known to be of its own registers alone.
        var failsAlone = false
        var refused = 0
        var extraRequests = 0
        var unanswered = 0
        var isWhole = true
    }

    /// When a register that was refused is asked for again, at first and at most.
    static let firstPause = Duration.seconds(10)
    static let longestPause = Duration.seconds(300)
    /// How many requests more than planned a round may take, so that finding out what is missing does
    /// not hold up the other devices on the bus. The next round goes on with it.
    static let extraRequests = 8
    /// How often a request must fail for what may pass before it is split.
    private static let strikes = 3
    /// So many sets of registers that are due together are remembered. Few periods make few sets.
    private static let planLimit = 32

    private let limits: RegisterLimits
    private var plans: [Plan] = []
    private var deadLetters: [RegisterSpan: DeadLetter] = [:]
    private var round = Round(spans: [], now: MonotonicInstant(nanoseconds: 0))
    /// Whether the unit has ever answered with words.
    private var hasEverAnswered = false

    init(limits: RegisterLimits) { self.limits = limits }

    /// Begins a round that is to read `spans`, one for each value.
    mutating func begin(_ spans: [RegisterSpan], at now: MonotonicInstant) {
        round = Round(spans: spans, now: now)
        let known = plans.firstIndex { $0.spans == spans }
        if known == nil {
            if plans.count >= Self.planLimit { plans.removeAll() }
            plans.append(makePlan(for: spans))
        }
        let place = known ?? plans.count - 1
        (round.plan, round.queue) = (place, plans[place].groups)
        var again: RegisterSpan?
        for span in spans {
            guard let known = deadLetters[span] else { continue }
            round.failures[span] = known.error
            // One in a round: it costs a request that mostly fails.
            if known.until <= now, again == nil { again = span }
        }
        if let again { round.queue.append(Group([again])) }
    }

    /// What to ask for now; nil when the round is over.
    mutating func next() -> RegisterSpan? {
        round.asked = round.queue.isEmpty ? nil : round.queue.removeFirst()
        return round.asked?.request
    }

    /// The unit has answered what was asked for last.
    mutating func answered(_ words: [UInt16]) {
        guard let asked = round.asked else { return }
        round.words.add(words, of: asked.request)
        (round.hasAnswer, hasEverAnswered) = (true, true)
        for span in asked.spans { round.failures[span] = nil }
        if asked.spans.contains(where: { deadLetters[$0] != nil }) {
            // What was refused with it may be there again, too.
            deadLetters.removeAll()
            forgetPlans()
        }
        if let plan = round.plan, let index = plans[plan].place(of: asked) {
            plans[plan].groups[index] = Group(asked.spans)
        }
        blamePending()
    }

    /// What was asked for last has failed.
    mutating func failed(_ error: DriverError) {
        guard let asked = round.asked else { return }
        round.firstError = round.firstError ?? error
        round.isWhole = false
        for span in asked.spans { round.failures[span] = error }
        switch error.kind {
        case .unsupported: refuse(asked, error)
        default: miss(asked, error)
        }
    }

    /// Ends the round.
    /// - Throws: What is wrong with the unit as a whole: it is silent, has never answered, or has refused
    ///   several registers and answered none.
    mutating func end() throws(DriverError) {
        if round.isWhole, let plan = round.plan, plans[plan].isTentative { forgetPlans() }
        let known = round.spans.compactMap { round.failures[$0] }.first
        guard !round.hasAnswer, let error = round.firstError ?? known else { return }
        let isAlone = round.firstError == nil || round.failsAlone || round.refused == 1
        if !hasEverAnswered || !isAlone { throw error }
    }

    /// The words that were read in this round.
    var words: RegisterWords { round.words }

    /// Why a span was not read in this round; nil when it was.
    func failure(of span: RegisterSpan) -> DriverError? { round.failures[span] }

    // MARK: - What failures teach

    private mutating func refuse(_ asked: Group, _ error: DriverError) {
        guard asked.spans.count > 1 else {
            round.refused += 1
            return deadLetter(asked.spans[0], error)
        }
        round.refused += asked.spans.count
        if let plan = round.plan { split(asked, of: plan) }
        if round.extraRequests + 2 <= Self.extraRequests {
            round.extraRequests += 2
            round.refused -= asked.spans.count
            round.queue.insert(contentsOf: asked.halves, at: 0)
        } else {
            // Which of them it is will be known after the next round.
            for span in asked.spans {
                round.failures[span] = DriverError(.malformedReply, error.detail)
            }
        }
    }

    private mutating func miss(_ asked: Group, _ error: DriverError) {
        round.unanswered += 1
        round.failsAlone = asked.failsAlone
        let isOver =
            switch error.kind {
            case .busy: false
            case .malformedReply: !round.hasAnswer || round.unanswered > 1
            default: true
            }
        if isOver {
            for span in round.queue.flatMap(\.spans) where round.failures[span] == nil {
                round.failures[span] = error
            }
            round.queue = []
        }
        if asked.spans.count == 1, deadLetters[asked.spans[0]] != nil {
            return deadLetter(asked.spans[0], error)
        }
        guard let plan = round.plan, let index = plans[plan].place(of: asked) else { return }
        // What was not asked for goes first in the next round.
        var group = plans[plan].groups.remove(at: index)
        group.error = error
        if plans[plan].groups.isEmpty, group.spans.count > 1 {
            group.strikes += 1
        } else {
            group.isPending = true
        }
        plans[plan].groups.append(group)
        if group.strikes >= Self.strikes { split(group, of: plan, tentatively: true) }
    }

    /// The unit answers, so what failed before fails by itself.
    private mutating func blamePending() {
        for plan in plans.indices {
            for group in plans[plan].groups where group.isPending {
                guard let index = plans[plan].place(of: group) else { continue }
                var blamed = group
                (blamed.isPending, blamed.failsAlone) = (false, true)
                blamed.strikes += 1
                plans[plan].groups[index] = blamed
                guard blamed.strikes >= Self.strikes, let error = blamed.error else { continue }
                // The one that is left out takes all plans with it.
                guard blamed.spans.count > 1 else { return deadLetter(blamed.spans[0], error) }
                split(blamed, of: plan, tentatively: true)
            }
        }
    }

    private mutating func deadLetter(_ span: RegisterSpan, _ error: DriverError) {
        let pause =
            deadLetters[span].map { min($0.pause * 2, Self.longestPause) } ?? Self.firstPause
        if deadLetters[span] == nil { forgetPlans() }
        deadLetters[span] = DeadLetter(
            error: error, pause: pause, until: round.now.advanced(by: pause))
    }

    private mutating func split(_ group: Group, of plan: Int, tentatively: Bool = false) {
        guard group.spans.count > 1, let index = plans[plan].place(of: group) else { return }
        plans[plan].groups.replaceSubrange(index...index, with: group.halves)
        if tentatively { plans[plan].isTentative = true }
    }

    /// Has the next round of each set planned again.
    private mutating func forgetPlans() {
        plans.removeAll()
        round.plan = nil
    }

    private func makePlan(for spans: [RegisterSpan]) -> Plan {
        let wanted = Set(spans).subtracting(deadLetters.keys).sorted {
            ($0.address, $0.end) < ($1.address, $1.end)
        }
        let requests = RegisterSpan.merged(wanted, limits: limits, around: deadLetters.keys)
        return Plan(
            spans: spans,
            groups: requests.map { request in
                Group(
                    wanted.filter {
                        $0.function == request.function && $0.address >= request.address
                            && $0.end <= request.end
                    })
            })
    }
}

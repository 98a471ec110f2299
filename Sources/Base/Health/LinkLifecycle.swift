import Timing
import Vocabulary

/// Takes one end of a link through its life, step by step, without ever waiting itself.
///
/// A pure machine: it says which step to take, takes what came of it, and says when to take the next.
/// A step that cannot finish yet is tried again after a pause that grows; past its deadline it has failed.
/// Closing never fails: what does not finish in time is left behind.
public struct LinkLifecycle: Sendable {
    /// What the owner has to do.
    public enum Step: String, Hashable, Sendable, CaseIterable {
        case create, open, start, stop, close, delete
    }

    /// What came of a step.
    public enum Outcome: Hashable, Sendable {
        case done
        /// Not yet, and why, where that is known; try again after this, or a little later.
        case again(after: Duration, because: String = "")
        case failed(String)
    }

    /// Where the owner wants it to go.
    public enum Aim: Hashable, Sendable {
        /// Open and started.
        case up
        /// Open, and nothing flows.
        case halted
        /// Gone.
        case closed
    }

    /// How long a step may take with all its tries.
    public let timeout: Duration
    /// How long closing may take in all.
    public let closingTime: Duration
    public private(set) var state = LinkStatus.State.closed
    public private(set) var aim = Aim.closed
    /// Why it failed; nil unless it did.
    public private(set) var cause: String?
    private var exists = false
    private var isOpen = false
    private var isStarted = false
    private var deadline: MonotonicInstant?
    private var pause: Backoff
    private var notBefore: MonotonicInstant?

    public init(
        timeout: Duration = .seconds(60), closingTime: Duration = .seconds(1)
    ) {
        (self.timeout, self.closingTime) = (timeout, closingTime)
        pause = LinkLifecycle.firstPause
    }

    private static var firstPause: Backoff {
        Backoff(first: .milliseconds(10), cap: .seconds(5))
    }

    /// The owner wants it to be up, halted or closed from now on. A failure is forgotten by this alone.
    public mutating func want(_ aim: Aim, at now: MonotonicInstant) {
        if state == .unreachable, aim != .closed {
            (state, cause) = (isStarted ? .connected : isOpen ? .timedOut : .closed, nil)
        }
        self.aim = aim
        renew(at: now)
        if aim == .closed, step != nil { state = .closing }
    }

    /// What to do now; nil when there is nothing, or not yet.
    public func due(at now: MonotonicInstant) -> Step? {
        guard notBefore.map({ $0 <= now }) ?? true else { return nil }
        return step
    }

    /// When to ask again; nil when nothing is to come.
    public var nextLook: MonotonicInstant? {
        step == nil ? nil : [notBefore, deadline].compactMap(\.self).min()
    }

    /// Takes what came of the step that was due.
    public mutating func took(_ step: Step, _ outcome: Outcome, at now: MonotonicInstant) {
        guard step == self.step else { return }
        switch outcome {
        case .done: finish(step, at: now)
        case .again(let after, let why):
            if let deadline, deadline <= now {
                let words = "\(step.rawValue): timed out after \(limit.layoutText)"
                giveUp(step, why.isEmpty ? words : "\(words); \(why)", at: now)
            } else {
                // The last try comes at the deadline, not after it.
                let next = now.advanced(by: max(after, pause.failed()))
                notBefore = deadline.map { min(next, $0) } ?? next
            }
        case .failed(let why): giveUp(step, "\(step.rawValue): \(why)", at: now)
        }
    }

    /// The world has undone a step: the connection broke, or the other end fell silent. What is missing is
    /// to be done again, with all its timeout; a link that failed stays failed.
    ///
    /// - Parameter step: `.open` or `.start`; any other changes nothing.
    public mutating func broke(_ step: Step, at now: MonotonicInstant) {
        switch step {
        case .open where isOpen: (isOpen, isStarted) = (false, false)
        case .start where isStarted: isStarted = false
        default: return
        }
        guard aim != .closed, state != .unreachable else { return }
        state = isOpen ? .timedOut : .connecting
        renew(at: now)
    }

    /// Goes along with a link whose session tries by itself, for ever: says how the link stands in the words
    /// of all links, and that it failed once its timeout is over. Only its opening ends that.
    ///
    /// - Parameters:
    ///   - done: The steps of its life that are done; nil once it was stopped.
    ///   - why: What the session said last of its failures, for the cause.
    public mutating func follow(
        _ done: Set<Step>?, because why: String, at now: MonotonicInstant
    ) {
        guard let done else {
            if aim != .closed { want(.closed, at: now) }
            while let step { took(step, .done, at: now) }
            return
        }
        if aim != .up { want(.up, at: now) }
        for step in [Step.open, .start] where !done.contains(step) { broke(step, at: now) }
        if state == .unreachable, done.contains(isOpen ? .start : .open) { want(.up, at: now) }
        while let step {
            guard !done.contains(step) else {
                took(step, .done, at: now)
                continue
            }
            // Nothing but the end of its timeout needs another look: the link reports the rest.
            if due(at: now) != nil {
                took(step, .again(after: timeout, because: why), at: now)
            }
            return
        }
    }

    private var limit: Duration { aim == .closed ? closingTime : timeout }

    /// The way from where it is to where it is wanted.
    private var step: Step? {
        switch aim {
        case .closed:
            if isStarted { return .stop }
            if isOpen { return .close }
            return exists ? .delete : nil
        case .up, .halted:
            if state == .unreachable { return nil }
            if !exists { return .create }
            if !isOpen { return .open }
            if aim == .up { return isStarted ? nil : .start }
            return isStarted ? .stop : nil
        }
    }

    private mutating func finish(_ step: Step, at now: MonotonicInstant) {
        switch step {
        case .create: (exists, state) = (true, .preparing)
        case .open: (isOpen, state) = (true, .timedOut)
        case .start: (isStarted, state) = (true, .connected)
        case .stop: (isStarted, state) = (false, aim == .closed ? .closing : .timedOut)
        case .close: (isOpen, state) = (false, .closing)
        case .delete: (exists, state) = (false, .closed)
        }
        // Each step up has its own timeout; the way down has one for all.
        if aim != .closed { renew(at: now) } else { notBefore = nil }
        if self.step == .open { state = .connecting }
    }

    private mutating func giveUp(_ step: Step, _ why: String, at now: MonotonicInstant) {
        if aim == .closed {
            finish(step, at: now)
            cause = cause ?? why
            return
        }
        (state, cause) = (.unreachable, why)
        notBefore = nil
    }

    private mutating func renew(at now: MonotonicInstant) {
        deadline = now.advanced(by: limit)
        pause = LinkLifecycle.firstPause
        notBefore = nil
    }
}

import Foundation
import Synchronization

/// A run of the real `tidegate`, with what it wrote. It is killed when this object goes.
final class Program: Sendable {
    private struct State {
        var output: [String] = []
        var errors: [String] = []
        var openPipes = 2
        var status: Int32?
        var nextWaiter = 0
        var waiters: [Int: @Sendable (State) -> Bool] = [:]

        /// How it ended, once all that it wrote was read too.
        var end: Int32? { openPipes == 0 ? status : nil }

        mutating func notifyWaiters() {
            let state = self
            for (id, isDone) in waiters where isDone(state) { waiters[id] = nil }
        }
    }

    /// The program that was built together with these tests.
    static let path =
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("tidegate").path

    /// Seconds that it has for anything, on a machine however busy.
    static let timeout = 300.0

    let pid: Int32
    /// Kept because it reports the end only while it lives.
    private let process = Process()
    private let input: Int32
    private let state: Mutex<State>
    /// How many lines of output a reader has taken already.
    private let taken = Mutex((output: 0, errors: 0))

    /// - Parameters:
    ///   - environment: All of the program's environment.
    ///   - wrapper: A program that runs it, with its arguments.
    init(
        _ arguments: [String], _ environment: [String: String], under wrapper: [String] = []
    ) throws {
        let (typed, output, errors) = (Pipe(), Pipe(), Pipe())
        input = dup(typed.fileHandleForWriting.fileDescriptor)
        let words = wrapper + [Self.path] + arguments
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.environment = environment
        process.standardInput = typed
        process.standardOutput = output
        process.standardError = errors
        state = Mutex(State())
        let ended = Ending()
        process.terminationHandler = { ended.end(with: $0) }
        try process.run()
        // A process that has ended is not released by Foundation, and its pipes with it.
        try? typed.fileHandleForReading.close()
        try? typed.fileHandleForWriting.close()
        pid = process.processIdentifier
        ended.notify { [weak self] status in self?.change { $0.status = status } }
        read(output) { $0.output.append($1) }
        read(errors) { $0.errors.append($1) }
    }

    deinit {
        if state.withLock({ $0.status }) == nil { kill(pid, SIGKILL) }
        close(input)
    }

    /// Writes a line to its standard input.
    func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = write(input, bytes, bytes.count)
    }

    /// All that it wrote so far.
    var text: String {
        state.withLock { ($0.output + $0.errors).joined(separator: "\n") }
    }

    /// What it wrote to standard output so far.
    var output: [String] { state.withLock { $0.output } }

    /// What it wrote to standard error so far.
    var errors: [String] { state.withLock { $0.errors } }

    func signal(_ number: Int32) { kill(pid, number) }

    /// How it ended, or nil when it hangs.
    func end() async -> Int32? {
        await until { $0.end != nil }
        return state.withLock { $0.end }
    }

    /// Whether a line of standard output has `part` in it, or gets one.
    func shows(_ part: String) async -> Bool {
        await until { state in
            state.openPipes == 0 || state.output.contains { $0.contains(part) }
        }
        return output.contains { $0.contains(part) }
    }

    /// The next line of standard output with `part` in it, or nil when none comes.
    func line(_ part: String = "") async -> String? {
        await until { [start = taken.withLock(\.output)] state in
            state.openPipes == 0 || state.output.dropFirst(start).contains { $0.contains(part) }
        }
        return take(part, from: output, \.output)
    }

    /// The next line of standard error with `part` in it, or nil when none comes.
    func error(_ part: String) async -> String? {
        await until { [start = taken.withLock(\.errors)] state in
            state.openPipes == 0 || state.errors.dropFirst(start).contains { $0.contains(part) }
        }
        return take(part, from: errors, \.errors)
    }

    /// Takes all lines of standard output that came so far.
    func skip() {
        let count = output.count
        taken.withLock { $0.output = count }
    }

    private func take(
        _ part: String, from lines: [String],
        _ place: WritableKeyPath<(output: Int, errors: Int), Int>
    ) -> String? {
        taken.withLock { taken in
            let rest = lines.indices.dropFirst(taken[keyPath: place])
            guard let index = rest.first(where: { lines[$0].contains(part) }) else { return nil }
            taken[keyPath: place] = index + 1
            return lines[index]
        }
    }

    /// Returns when the state is as asked, at the latest when the program seems to hang.
    private func until(_ isDone: @escaping @Sendable (State) -> Bool) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let waiter = Once(continuation)
            state.withLock { state in
                if isDone(state) { return waiter.go() }
                state.nextWaiter += 1
                state.waiters[state.nextWaiter] = { state in
                    guard isDone(state) else { return false }
                    waiter.go()
                    return true
                }
                DispatchQueue.global().asyncAfter(deadline: .now() + Self.timeout) { waiter.go() }
            }
        }
    }

    private func change(_ change: (inout State) -> Void) {
        state.withLock { state in
            change(&state)
            state.notifyWaiters()
        }
    }

    private func read(_ pipe: Pipe, _ put: @escaping @Sendable (inout State, String) -> Void) {
        let file = pipe.fileHandleForReading
        Thread.detachNewThread { [weak self] in
            var rest: [UInt8] = []
            while case let data = file.availableData, !data.isEmpty {
                rest += data
                let lines = rest.split(
                    separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                rest = Array(lines.last ?? [])
                self?.change { state in
                    for line in lines.dropLast() {
                        put(&state, String(decoding: line, as: UTF8.self))
                    }
                }
            }
            try? file.close()
            self?.change { state in
                if !rest.isEmpty { put(&state, String(decoding: rest, as: UTF8.self)) }
                state.openPipes -= 1
            }
        }
    }
}

/// Resumes a task once.
private final class Once: Sendable {
    private let continuation: Mutex<CheckedContinuation<Void, Never>?>

    init(_ continuation: CheckedContinuation<Void, Never>) {
        self.continuation = Mutex(continuation)
    }

    func go() { continuation.withLock { $0.take() }?.resume() }
}

/// Brings together a process's end and whoever wants to hear of it, in any order.
private final class Ending: Sendable {
    private let state = Mutex<(status: Int32?, listener: (@Sendable (Int32) -> Void)?)>((nil, nil))

    func end(with process: Process) {
        let status =
            process.terminationReason == .exit
            ? process.terminationStatus : 128 + process.terminationStatus
        let listener = state.withLock { state in
            state.status = status
            return state.listener
        }
        listener?(status)
    }

    func notify(_ listener: @escaping @Sendable (Int32) -> Void) {
        let status = state.withLock { state in
            state.listener = listener
            return state.status
        }
        if let status { listener(status) }
    }
}

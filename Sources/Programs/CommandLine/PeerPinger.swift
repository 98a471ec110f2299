import NIOCore
import Peers
import Vocabulary

/// Sends and times messages. It lives on its node's event loop, so that what it measures is the link.
actor PeerPinger {
    struct Result: Sendable {
        /// Nanoseconds for each that came back as it was sent.
        var times: [Int64] = []
        /// What befell the others.
        var errors: [PeerError] = []
        /// How long the first of them took to be answered, in nanoseconds.
        var firstFailure: Int64 = 0

        /// What is said of those that failed, of `count` messages that were meant; nothing when none did.
        func failure(of count: Int) -> [String] {
            guard let error = errors.first else { return [] }
            let lines = [
                "\(errors.count) failed, the first after \(firstFailure / 1_000) us: \(error)"
            ]
            guard times.isEmpty, errors.contains(where: { $0.kind == .timedOut }) else {
                return lines
            }
            let end = errors.count < count ? "stopped after \(errors.count) of \(count); " : ""
            return lines + [
                "\(end)an echo sends back every message as it came: tidegate peer serve does, and a "
                    + "gateway with \"peers\": {\"echo\": true}"
            ]
        }
    }

    private let node: PeerNode
    private let address: PeerAddress
    private let data: ByteBuffer
    private let clock: any GatewayClock
    private let warn: @Sendable (String) -> Void
    private var timeout = PingTimeout()

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the node, which is kept here, keeps its executor.
        unsafe node.unownedExecutor
    }

    /// - Parameter warn: Takes while it goes on what a person should not wait to know.
    init(
        node: PeerNode, address: PeerAddress, size: Int, clock: any GatewayClock,
        warn: @escaping @Sendable (String) -> Void
    ) {
        (self.node, self.address, self.clock, self.warn) = (node, address, clock, warn)
        data = ByteBuffer(repeating: UInt8(ascii: "t"), count: size)
    }

    /// Sends `count` messages, so many of them at once. Gives up on who never sends any back.
    func run(count: Int, inFlight: Int) async -> Result {
        await withTaskGroup(of: Result.self) { group in
            for lane in 0..<min(inFlight, count) {
                let share = count / inFlight + (lane < count % inFlight ? 1 : 0)
                group.addTask(executorPreference: node.taskExecutor) { await self.lane(share) }
            }
            var all = Result()
            for await one in group {
                all.times += one.times
                if all.errors.isEmpty { all.firstFailure = one.firstFailure }
                all.errors += one.errors
            }
            return all
        }
    }

    private func lane(_ count: Int) async -> Result {
        var result = Result()
        result.times.reserveCapacity(count)
        for number in 1...count {
            guard !timeout.isOver else { break }
            let start = clock.now
            do throws(PeerError) {
                let answer = try await node.request(data, to: address)
                guard answer.data == data else {
                    throw PeerError(.malformed, "\(address): returned a different message")
                }
                result.times.append(start.duration(to: clock.now).wholeNanoseconds)
                timeout.answered()
            } catch {
                if result.errors.isEmpty {
                    result.firstFailure = start.duration(to: clock.now).wholeNanoseconds
                }
                result.errors.append(error)
                // No peer is there: the others would only be answered the same.
                if error.kind == .unreachable || error.kind == .notTrusted { break }
                guard error.kind == .timedOut || error.kind == .malformed else { continue }
                if timeout.failed() {
                    warn("\(error); is it an echo?\(number < count ? " retrying" : "")")
                }
            }
        }
        return result
    }
}

/// When a ping says that nothing comes back, and when it gives up. Pure.
struct PingTimeout {
    /// Messages that fail before the first answer, and no more are sent.
    static let most = 3

    private var failures = 0
    private var hasAnswer = false

    var isOver: Bool { !hasAnswer && failures >= Self.most }

    mutating func answered() { hasAnswer = true }

    /// - Returns: Whether to say so: it is the first, and nothing was answered yet.
    mutating func failed() -> Bool {
        failures += 1
        return failures == 1 && !hasAnswer
    }
}

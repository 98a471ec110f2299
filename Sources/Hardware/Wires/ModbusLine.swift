import CLinux
import DriverKit
import Glibc
import Vocabulary

/// A serial port or connection that carries Modbus requests. It has one owner, who blocks in it.
protocol ModbusLine: AnyObject {
    /// The port's or host's name in messages: `"ttyUSB0"`, `"meter.local:502"`.
    var name: String { get }
    /// Whether replies carry the number of their request, so that a late one is known as such.
    var numbersReplies: Bool { get }
    /// What may be wrong with the settings when requests fail, to be put behind a message; empty mostly.
    var hint: String { get }
    /// What becomes readable when something comes in. Of no meaning while the line is closed.
    var descriptor: Int32 { get }

    /// Whether the line is open and neither unplugged nor closed by the host since the last request.
    func isAlive() -> Bool
    /// Opens the line again.
    /// - Throws: `.notConnected`, saying what could not be opened and why.
    func open() throws(DriverError)
    /// Releases the port or connection, if there is one.
    func close()
    /// Throws away what has come in so far.
    func discardInput()
    /// Sends `request` and waits for the reply, for as long as it may take plus the time that the
    /// bytes are on the wire.
    func ask(_ request: ModbusRequest) -> ModbusOutcome
}

/// What became of one request.
enum ModbusOutcome: Hashable {
    case words([UInt16])
    case exception(UInt8)
    case silence, wrongChecksum, wrongSender, wrongForm
    /// The port or connection is dead, for this reason.
    case gone(String)
}

extension ModbusLine {
    /// Throws away all that comes in until nothing has come for a while, for about a second at most.
    func discardUntilSilence() {
        for _ in 0..<longestNoise {
            guard wait(for: silence) & POLLIN != 0 else { return }
            // A byte never comes alone; without the nap a babbling line would use up the rounds.
            sleepOnThread(.milliseconds(5))
            discardInput()
            if !isAlive() { return }
        }
    }

    /// Waits until there is something to read or to say about the line.
    func wait(for duration: Duration) -> Int32 {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // Sound: the descriptor lives through the call, and it is one.
        let count = unsafe tidegate_poll(&waiting, 1, max(0, duration.wholeNanoseconds))
        return count > 0 ? Int32(waiting.revents) : 0
    }
}

/// More than the pauses that USB adapters make in the middle of a frame.
private let silence: Duration = .milliseconds(50)
private let longestNoise = 200

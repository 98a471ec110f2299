import DriverKit
import Vocabulary

/// A claim of one simulated line. Letting go of it releases the line.
final class LineHold {
    let lines: SimulatedLines
    let address: LineAddress
    let id: Int

    init(lines: SimulatedLines, address: LineAddress, id: Int) {
        self.lines = lines
        self.address = address
        self.id = id
    }

    deinit { lines.release(self) }
}

/// A simulated output as its driver sees it.
final class SimulatedOutputLine: OutputLine {
    private let hold: LineHold

    init(_ hold: LineHold) { self.hold = hold }

    func set(_ isActive: Bool) throws(DriverError) {
        try hold.lines.use(hold) { $0.drive(isActive: isActive, at: $1) }
    }

    func isActive() throws(DriverError) -> Bool {
        try hold.lines.use(hold) { line, _ in line.isActive }
    }
}

/// A simulated input as its driver sees it.
final class SimulatedInputLine: InputLine {
    let debouncesItself: Bool
    private let hold: LineHold
    private let wakeup: Wakeup

    init(_ hold: LineHold, wakeup: Wakeup, debouncesItself: Bool) {
        self.hold = hold
        self.wakeup = wakeup
        self.debouncesItself = debouncesItself
    }

    var descriptor: Int32 { wakeup.descriptor }

    func isActive() throws(DriverError) -> Bool {
        try hold.lines.use(hold) { line, _ in line.isActive }
    }

    func takeEdges() throws(DriverError) -> [Edge] {
        try hold.lines.use(hold) { $0.takeEdges(at: $1) }
    }
}

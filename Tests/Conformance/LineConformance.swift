import DriverKit
import Glibc
import Vocabulary

/// What a hand and a voltmeter can do on a bench of GPIO lines.
public struct LineBench: Sendable {
    /// Puts a voltage on an input.
    public let push: @Sendable (LineAddress, Bool) -> Void
    /// The voltage on a line.
    public let level: @Sendable (LineAddress) -> Bool
    /// Pulls the chip out and puts it back.
    public let unplug: @Sendable () -> Void
    public let plug: @Sendable () -> Void
    /// A chip that can be pulled out, and two of its lines.
    public let chip: String
    public let output: LineAddress
    public let input: LineAddress

    public init(
        chip: String, output: LineAddress, input: LineAddress,
        push: @escaping @Sendable (LineAddress, Bool) -> Void,
        level: @escaping @Sendable (LineAddress) -> Bool,
        unplug: @escaping @Sendable () -> Void, plug: @escaping @Sendable () -> Void
    ) {
        (self.chip, self.output, self.input) = (chip, output, input)
        (self.push, self.level, self.unplug, self.plug) = (push, level, unplug, plug)
    }
}

/// What every GPIO line must do, real and simulated alike.
public final class LineConformance {
    private let wiring: any Wiring
    private let bench: LineBench
    private var complaints: [String] = []

    /// Everything that `wiring` does not keep to on `bench`. Empty when all is well.
    public static func complaints(of wiring: any Wiring, on bench: LineBench) -> [String] {
        let suite = LineConformance(wiring: wiring, bench: bench)
        for activeLow in [false, true] {
            suite.check { try $0.outputs(activeLow: activeLow) }
            suite.check { try $0.keptOutputs(activeLow: activeLow) }
            suite.check { try $0.inputs(activeLow: activeLow) }
        }
        suite.check { try $0.claims() }
        suite.check { try $0.absence() }
        suite.check { try $0.unplugging() }
        return suite.complaints
    }

    private init(wiring: any Wiring, bench: LineBench) {
        self.wiring = wiring
        self.bench = bench
    }

    private func check(_ body: (LineConformance) throws -> Void) {
        do { try body(self) } catch { complaints.append("\(error)") }
    }

    private func expect(_ holds: Bool, _ rule: String) {
        if !holds { complaints.append(rule) }
    }

    private func expect(
        _ kind: DriverError.Kind, mentioning words: String, _ body: () throws -> Void
    ) {
        do {
            try body()
            complaints.append("\(words): no error")
        } catch {
            let error = error as? DriverError
            expect(
                error?.kind == kind && error?.detail.contains(words) == true,
                "\(words): \(error?.detail ?? "another error")")
        }
    }

    private func output(
        _ initially: InitialState, activeLow: Bool = false
    ) throws(DriverError) -> any OutputLine {
        try wiring.outputLine(
            bench.output,
            OutputSettings(activeLow: activeLow, drive: .pushPull, consumer: "first"),
            initially: initially)
    }

    private func input(
        _ address: LineAddress, activeLow: Bool = false
    ) throws(DriverError) -> any InputLine {
        try wiring.inputLine(
            address,
            InputSettings(
                activeLow: activeLow, bias: .asIs, debounce: .zero, consumer: "first"))
    }

    private func outputs(activeLow: Bool) throws(DriverError) {
        for isActive in [false, true] {
            let line = try output(isActive ? .active : .inactive, activeLow: activeLow)
            expect(bench.level(bench.output) == (isActive != activeLow), "level at claim")
            expect(try line.isActive() == isActive, "state at claim")
            try line.set(!isActive)
            expect(bench.level(bench.output) == (isActive == activeLow), "level after set")
            expect(try line.isActive() != isActive, "state after set")
        }
    }

    private func keptOutputs(activeLow: Bool) throws(DriverError) {
        for isHigh in [false, true] {
            bench.push(bench.output, isHigh)
            let line = try output(.asIs, activeLow: activeLow)
            expect(bench.level(bench.output) == isHigh, "a claim as it is moves the level")
            expect(try line.isActive() == (isHigh != activeLow), "state of a line kept as it is")
            bench.push(bench.output, !isHigh)
            expect(bench.level(bench.output) == isHigh, "a kept output yields to the world")
        }
    }

    private func inputs(activeLow: Bool) throws(DriverError) {
        bench.push(bench.input, activeLow)
        let line = try input(bench.input, activeLow: activeLow)
        expect(try !line.isActive(), "an input at rest is inactive")
        expect(try line.takeEdges().isEmpty, "edges without any")
        expect(!isReadable(line, within: 0), "readable without edges")
        bench.push(bench.input, !activeLow)
        expect(isReadable(line, within: 5000), "not readable with an edge")
        expect(try line.isActive(), "an input that was pushed is active")
        bench.push(bench.input, activeLow)
        var edges: [Edge] = []
        while edges.count < 2, isReadable(line, within: 5000) { edges += try line.takeEdges() }
        expect(edges.map(\.isActive) == [true, false], "edges: \(edges)")
        expect(edges.count == 2 && edges[0].at <= edges[1].at, "edges out of order")
        expect(!isReadable(line, within: 0), "readable after all edges were taken")
    }

    private func claims() throws(DriverError) {
        let first = try output(.inactive)
        expect(.notConnected, mentioning: "in use by \"first\"") {
            _ = try wiring.inputLine(
                bench.output,
                InputSettings(activeLow: false, bias: .asIs, debounce: .zero, consumer: "second"))
        }
        withExtendedLifetime(first) {}
    }

    private func absence() throws(DriverError) {
        let wrong = bench.chip + "x"
        for (text, words) in [
            ("\(wrong)/0", "no chip is labelled \(wrong); there are \(bench.chip)"),
            ("\(wrong)/0", "; did you mean \(bench.chip)"),
            ("\(bench.chip)/4000", "lines, counted from 0"),
            ("\(bench.chip)/nowhere", "is named nowhere"), ("nowhere", "is named nowhere"),
        ] {
            guard let address = LineAddress(text) else { continue }
            expect(.notConnected, mentioning: words) {
                _ = try input(address)
            }
        }
    }

    private func unplugging() throws(DriverError) {
        let output = try output(.active)
        let input = try input(bench.input)
        bench.unplug()
        expect(.notConnected, mentioning: "is gone") {
            _ = try output.isActive()
        }
        expect(.notConnected, mentioning: "is gone") {
            try output.set(false)
        }
        expect(.notConnected, mentioning: "is gone") {
            _ = try input.isActive()
        }
        expect(.notConnected, mentioning: "is gone") {
            _ = try input.takeEdges()
        }
        expect(.notConnected, mentioning: "no chip is labelled") {
            _ = try self.input(bench.input)
        }
        bench.plug()
        expect(.notConnected, mentioning: "is gone") {
            _ = try output.isActive()
        }
        let again = try self.output(.active)
        expect(try again.isActive(), "a line of a chip that came back")
    }

    private func isReadable(_ line: any InputLine, within milliseconds: Int32) -> Bool {
        var watched = pollfd(fd: line.descriptor, events: Int16(POLLIN), revents: 0)
        // Sound: the call reads and writes the one element that it is given.
        let count = unsafe poll(&watched, 1, milliseconds)
        return count > 0 && watched.revents & Int16(POLLIN) != 0
    }
}

import CAllocations

/// What a piece of work allocates, counted byte by byte in the allocator and so the same at each run.
public enum Allocations {
    /// Whether they are counted: not under a sanitizer, which has an allocator of its own.
    public static var areCounted: Bool { tidegate_counts_allocations() != 0 }

    /// The most bytes that `work` had allocated at one time. It must stay on its thread.
    public static func peak(_ work: () -> Void) -> Int {
        tidegate_begin_counting()
        work()
        return Int(tidegate_end_counting())
    }
}

/// What reading costs beside its input: the rule for every reader of bytes that strangers send.
public struct Cost: Sendable, CustomStringConvertible {
    /// Memory may grow so many times as fast as the input.
    public static let factor = 8

    /// The dearest inputs that were found: by bytes above the floor for each byte of input.
    public private(set) var worst: (name: String, input: Int, peak: Int) = ("nothing", 0, 0)
    public private(set) var inputs = 0
    private let floor: Int

    /// - Parameter floor: What any input may cost, however short it is.
    public init(floor: Int) { self.floor = floor }

    /// Whether no input cost more than the rule says.
    public var isInProportion: Bool { worst.peak <= bound(of: worst.input) }

    private func bound(of input: Int) -> Int { floor + Self.factor * input }

    public var description: String {
        "\(inputs) inputs; the dearest, \(worst.name), took \(worst.peak) bytes for \(worst.input)"
    }

    /// Says the figures where many inputs are tried.
    public func report(_ reader: String) {
        if inputs >= 20_000 { print("\(reader): \(self)") }
    }

    /// Has one input read and counted.
    public mutating func count(
        _ name: @autoclosure () -> String, _ input: [UInt8], _ read: ([UInt8]) -> Void
    ) {
        var peak = Allocations.peak { read(input) }
        // What is made once and kept, by whichever test comes first, is not what an input costs.
        if peak > bound(of: input.count) { peak = Allocations.peak { read(input) } }
        inputs += 1
        // Compared as peak − floor for each byte, without dividing.
        let (left, right) = (peak - floor, worst.peak - floor)
        if left * max(1, worst.input) > right * max(1, input.count) || inputs == 1 {
            worst = (name(), input.count, peak)
        }
    }
}

extension Cost {
    /// Counts what a reader of messages from a broker costs, over samples and mangled ones.
    ///
    /// - Parameter limit: The longest sample that is mangled.
    /// - Returns: What was too dear; nil when all was in proportion.
    public static func excess(
        _ reader: String, _ samples: [[UInt8]], rounds: Int, limit: Int, _ read: ([UInt8]) -> Void
    ) -> String? {
        var mangler = Mangler(seed: 20_261_130, limit: limit)
        var cost = Cost(floor: 96 << 10)
        for (index, sample) in samples.enumerated() { cost.count("sample \(index)", sample, read) }
        let short = samples.filter { $0.count <= limit }
        for round in 0..<(short.isEmpty ? 0 : rounds) {
            cost.count("round \(round)", mangler.mangled(short[round % short.count]), read)
        }
        cost.report(reader)
        return cost.isInProportion ? nil : "\(reader): \(cost)"
    }
}

/// One series of values of one node: what it measures, how often it is read, when it is reported.
public struct DataChannel: Hashable, Sendable {
    /// Unique in the gateway.
    public let name: DataChannelName
    public let node: ShNodeName
    /// The driver's own word for what it reads: `"temperature"`, `"power-active"`.
    public let source: String
    public let unit: Unit
    /// One step is `10^exponent` of the unit: −3 with `celsius` makes 21 500 steps of 21.5 °C.
    public let exponent: Int
    /// How often the device is asked.
    public let pollPeriod: Duration
    public let capture: CaptureRule
    public let plausibility: Plausibility

    public init(
        name: DataChannelName, node: ShNodeName, source: String, unit: Unit, exponent: Int,
        pollPeriod: Duration, capture: CaptureRule, plausibility: Plausibility = .anything
    ) {
        self.name = name
        self.node = node
        self.source = source
        self.unit = unit
        self.exponent = exponent
        self.pollPeriod = pollPeriod
        self.capture = capture
        self.plausibility = plausibility
    }

    /// `steps` as the decimal number that people read, in `unit`.
    public func decimal(_ steps: Int64) -> DecimalNumber {
        DecimalNumber(mantissa: steps, exponent: exponent)
    }

    /// `steps` with its unit: `21.500 °C`; `on` and `off` for a switch.
    public func text(_ steps: Int64) -> String {
        if unit == .onOff { return steps == 0 ? "off" : "on" }
        return unit.symbol.isEmpty ? "\(decimal(steps))" : "\(decimal(steps)) \(unit.symbol)"
    }
}

/// When a polled value is worth a report: the first one, then every `period`, then on change.
public struct CaptureRule: Hashable, Sendable {
    /// The longest time between two reports.
    public let period: Duration
    /// A change of at least so many steps is reported at once; nil when changes wait for the period.
    public let delta: Int64?
    /// What a report tells of the values since the last one.
    public let summary: CaptureSummary

    public init(period: Duration, delta: Int64?, summary: CaptureSummary = .last) {
        self.period = period
        self.delta = delta
        self.summary = summary
    }
}

/// What many values of one interval are told as. The raw value is the word in layouts.
public enum CaptureSummary: String, Hashable, Sendable, CaseIterable {
    case last, average, minimum, maximum
}

/// What a channel can truly show. What falls outside is told as trouble and never published as good.
public struct Plausibility: Hashable, Sendable {
    /// The lowest and highest value in steps.
    public var range: ClosedRange<Int64>
    /// The largest true change between two polls, in steps.
    public var largestStep: Int64?
    /// Values that the device shows after power-on instead of a measurement, in steps.
    public var powerOnValues: [Int64]
    /// Whether the value only ever rises, as a meter's register does.
    public var isCounter: Bool

    public init(
        range: ClosedRange<Int64> = .min ... .max, largestStep: Int64? = nil,
        powerOnValues: [Int64] = [], isCounter: Bool = false
    ) {
        self.range = range
        self.largestStep = largestStep
        self.powerOnValues = powerOnValues
        self.isCounter = isCounter
    }

    public static let anything = Plausibility()
}

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
    /// Whether it is a total that a command sets, as after the meter was exchanged.
    public let isSettable: Bool

    public init(
        name: DataChannelName, node: ShNodeName, source: String, unit: Unit, exponent: Int,
        pollPeriod: Duration, capture: CaptureRule, plausibility: Plausibility = .anything,
        isSettable: Bool = false
    ) {
        self.name = name
        self.node = node
        self.source = source
        self.unit = unit
        self.exponent = exponent
        self.pollPeriod = pollPeriod
        self.capture = capture
        self.plausibility = plausibility
        self.isSettable = isSettable
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
    /// What a report gives of the values since the last one.
    public let summary: CaptureSummary

    public init(period: Duration, delta: Int64?, summary: CaptureSummary = .last) {
        self.period = period
        self.delta = delta
        self.summary = summary
    }
}

/// What many values of one interval are summed up as. The raw value is the word in layouts.
public enum CaptureSummary: String, Hashable, Sendable, CaseIterable {
    case last, average, minimum, maximum
}

/// What a channel can truly show. What falls outside is reported as a fault and never published as good.
public struct Plausibility: Hashable, Sendable {
    /// The lowest and highest value in steps.
    public var range: ClosedRange<Int64>
    /// The largest true change between two polls, in steps.
    public var largestStep: Int64?
    /// Values that the device shows after power-on instead of a measurement, in steps.
    public var powerOnValues: [Int64]
    /// Whether the value only ever rises, as a meter's register does.
    public var isCounter: Bool
    /// The meter's own register behind a counter; nil where there is none.
    public var register: CounterRegister?

    public init(
        range: ClosedRange<Int64> = .min ... .max, largestStep: Int64? = nil,
        powerOnValues: [Int64] = [], isCounter: Bool = false, register: CounterRegister? = nil
    ) {
        self.range = range
        self.largestStep = largestStep
        self.powerOnValues = powerOnValues
        self.isCounter = isCounter
        self.register = register
    }

    public static let anything = Plausibility()
    /// That of a meter's total, which goes on over a power cut.
    public static let meterTotal = Plausibility(
        range: 0 ... .max, isCounter: true, register: CounterRegister())
}

/// The register of a meter behind a counter. It goes on over a power cut; all numbers are in the channel's
/// unit, in whatever steps that is kept.
public struct CounterRegister: Hashable, Sendable {
    /// After so much it begins at its lowest number again; nil when it has no end, or none that is known.
    public let span: DecimalNumber?
    /// The highest number that it can hold, which stands for no value; nil as for `span`.
    public let highest: DecimalNumber?
    /// What one count stands for; nil when that is not fixed.
    public let step: DecimalNumber?

    public init(
        span: DecimalNumber? = nil, highest: DecimalNumber? = nil, step: DecimalNumber? = nil
    ) {
        (self.span, self.highest, self.step) = (span, highest, step)
    }
}

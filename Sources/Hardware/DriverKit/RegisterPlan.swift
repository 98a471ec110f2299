import Vocabulary

/// Neighbouring registers that one function reads.
public struct RegisterSpan: Hashable, Sendable {
    public let function: ModbusRequest.Function
    /// Of the first register, counted from 0.
    public let address: Int
    public let count: Int

    public init(function: ModbusRequest.Function, address: Int, count: Int) {
        self.function = function
        self.address = address
        self.count = count
    }

    /// The address after the last register.
    public var end: Int { address + count }
}

/// What a device can take in one request.
public struct RegisterLimits: Hashable, Sendable {
    /// The most words in one request, at most 125.
    ///
    /// Source: Modbus Application Protocol V1.1b3, 6.3 and 6.4.
    public let maxWords: Int
    /// The most words of no interest that are read along between two that are.
    public let maxGap: Int

    public static let maxWordsOfStandard = 125

    public init(maxWords: Int, maxGap: Int) {
        self.maxWords = maxWords
        self.maxGap = maxGap
    }
}

extension RegisterSpan {
    /// The fewest requests that read all of `spans`: neighbours together, over small gaps, never
    /// beyond a device's limit, never across functions. No span is torn apart.
    ///
    /// - Parameters:
    ///   - spans: In any order; they may overlap. None is larger than `limits.maxWords`.
    ///   - missing: Spans that no request may read along.
    /// - Returns: In order of function and address.
    public static func merged(
        _ spans: some Sequence<RegisterSpan>, limits: RegisterLimits,
        around missing: some Collection<RegisterSpan> = []
    ) -> [RegisterSpan] {
        let ordered = spans.sorted {
            ($0.function.rawValue, $0.address) < ($1.function.rawValue, $1.address)
        }
        var merged: [RegisterSpan] = []
        for span in ordered {
            if let last = merged.last, last.function == span.function,
                span.address - last.end <= limits.maxGap,
                max(last.end, span.end) - last.address <= limits.maxWords,
                !missing.contains(where: {
                    $0.function == span.function && $0.address < span.address && $0.end > last.end
                })
            {
                merged[merged.count - 1] = RegisterSpan(
                    function: last.function, address: last.address,
                    count: max(last.end, span.end) - last.address)
            } else {
                merged.append(span)
            }
        }
        return merged
    }
}

/// What a round of requests has read.
public struct RegisterWords: Sendable {
    private var parts: [(span: RegisterSpan, words: [UInt16])] = []

    public init() {}

    /// - Parameter words: As many as `span.count`.
    public mutating func add(_ words: [UInt16], of span: RegisterSpan) {
        precondition(words.count == span.count, "a span of \(span.count) has as many words")
        parts.append((span, words))
    }

    /// The words of `span`.
    /// - Throws: `.malformedReply` when they were not read.
    public subscript(span: RegisterSpan) -> ArraySlice<UInt16> {
        get throws(DriverError) {
            for part in parts
            where part.span.function == span.function && part.span.address <= span.address
                && span.end <= part.span.end
            {
                let start = span.address - part.span.address
                return part.words[start..<start + span.count]
            }
            throw DriverError(.malformedReply, "register \(span.address): was not read")
        }
    }
}

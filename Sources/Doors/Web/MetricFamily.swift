import Codecs
import Vocabulary

/// One quantity for Prometheus, with a sample for each thing that has it.
public struct MetricFamily: Hashable, Sendable {
    /// One number and what it is of.
    public struct Sample: Hashable, Sendable {
        public let labels: [Label]
        public let value: DecimalNumber

        public init(_ labels: KeyValuePairs<String, String>, _ value: DecimalNumber) {
            self.labels = labels.map { Label(name: $0.key, value: $0.value) }
            self.value = value
        }
    }

    /// What a sample is of.
    public struct Label: Hashable, Sendable {
        public let name: String
        public let value: String
    }

    /// In lower case with underscores, with the unit last, without `tidegate_` and without the `_total` of counters.
    public let name: String
    public let kind: CountDescription.Kind
    public let help: String
    public var samples: [Sample]

    public init(
        _ name: String, _ kind: CountDescription.Kind, _ help: String, _ samples: [Sample] = []
    ) {
        (self.name, self.kind, self.help, self.samples) = (name, kind, help, samples)
    }

    /// The counts of several things as families, each named by `prefix` and its key.
    ///
    /// - Parameter of: What each is called under `label`, and its counts. No two are called the same.
    public static func of<Key: Count>(
        _ prefix: String, label: String, _ of: [(name: String, counts: Counts<Key>)]
    ) -> [MetricFamily] {
        Key.allCases.map { key in
            let about = key.about
            let unit = about.unit == .second ? "_seconds" : ""
            return MetricFamily(
                "\(prefix)_\(key.key.snake)\(unit)", about.kind, about.help,
                of.compactMap { name, counts in
                    counts[ifThere: key].map {
                        Sample([label: name], DecimalNumber(mantissa: $0, exponent: about.exponent))
                    }
                })
        }
    }
}

/// How families are written.
enum MetricsText {
    /// What a scraper can read.
    enum Format {
        case prometheus, openMetrics

        /// - Parameter accept: What the scraper says that it takes; Prometheus' own format when it says nothing.
        init(accept: String?) {
            self =
                accept?.contains("application/openmetrics-text") == true
                ? .openMetrics : .prometheus
        }

        var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    /// Source: Prometheus, Exposition formats; OpenMetrics 1.0.0, 4.
    static func bytes(_ families: [MetricFamily], _ format: Format) -> [UInt8] {
        var text: [UInt8] = []
        for family in families where !family.samples.isEmpty {
            let base = "tidegate_\(family.name)"
            let full = family.kind == .counter ? "\(base)_total" : base
            let named = format == .openMetrics ? base : full
            text += "# HELP \(named) \(escaped(family.help, quotes: format == .openMetrics))\n".utf8
            text += "# TYPE \(named) \(family.kind.rawValue)\n".utf8
            for sample in family.samples {
                let labels = sample.labels.map {
                    "\($0.name)=\"\(escaped($0.value, quotes: true))\""
                }
                let braces = labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
                text += "\(full)\(braces) \(sample.value.shortest)\n".utf8
            }
        }
        if format == .openMetrics { text += "# EOF\n".utf8 }
        return text
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// The one route of the metrics.
public enum MetricRoutes {
    /// `GET /metrics`, read from `service`.
    public static func routes(_ service: any WebService) -> [WebRoute] {
        [
            WebRoute(.get, "/metrics", right: .metrics) { request throws(WebProblem) in
                try request.target.check([])
                let format = MetricsText.Format(accept: request.fields[.accept])
                return WebResponse(
                    .ok, format.contentType, MetricsText.bytes(await service.metrics, format))
            }
        ]
    }
}

extension String {
    /// `lateAcknowledgements` as `late_acknowledgements`.
    fileprivate var snake: String {
        reduce(into: "") { text, letter in
            text += letter.isUppercase ? "_\(letter.lowercased())" : String(letter)
        }
    }
}

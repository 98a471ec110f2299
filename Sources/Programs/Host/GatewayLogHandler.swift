import Logging
import Proactors
import Vocabulary

/// Log lines for people on a terminal, with the time of this machine's zone; JSON lines for everything else, in
/// UTC.
///
/// Whatever others wrote stands in a line, it stays one line: controls are escaped, and what is long is cut.
package struct GatewayLogHandler: LogHandler {
    package enum Format: String, CaseIterable, Sendable { case text, json }

    /// The most Unicode scalars of a line.
    static let longestLine = 1_999
    /// The most of one value beside the message.
    private static let longestValue = 200

    package var metadata: Logger.Metadata = [:]
    /// From which level on lines are written: its own, or that of all which share a threshold.
    package var logLevel: Logger.Level {
        get { threshold?.level ?? own }
        set { (own, threshold) = (newValue, nil) }
    }
    private var own: Logger.Level
    private var threshold: LogThreshold?
    package let format: Format
    package let writer: LogWriter
    package let clock: any GatewayClock

    /// - Parameters:
    ///   - logLevel: Lines below it are not written.
    ///   - threshold: Stands for it where the level may change.
    package init(
        logLevel: Logger.Level, format: Format, writer: LogWriter, clock: any GatewayClock,
        threshold: LogThreshold? = nil
    ) {
        (own, self.threshold, self.format) = (logLevel, threshold, format)
        (self.writer, self.clock) = (writer, clock)
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
            .sorted { Self.rank($0.key) < Self.rank($1.key) }
            .map { (key: $0.key, value: "\($0.value)") }
        let text = event.message.description
        let line = { @Sendable (text: String) in self.line(event.level, text, all) }
        // A user who asks for details wants each of them.
        guard event.level > .debug else { return writer.write(line(text)) }
        // What a command is called is no source: the controller chooses it.
        let source = all.filter { $0.key != "command" }.map(\.value).joined(separator: " ")
        writer.write(
            line(text),
            of: LogLimit.Kind(
                file: event.file, line: event.line, function: event.function, source: source)
        ) { count in
            line(
                "\(count) more of this kind in the last \(LogLimit.period.layoutText), such as: \(text)"
            )
        }
    }

    /// The key of the event comes first.
    private static func rank(_ key: String) -> String { key == LogKey.member ? "" : key }

    private func line(
        _ level: Logger.Level, _ text: String, _ all: [(key: String, value: String)]
    ) -> String {
        let values = all.map {
            (
                key: $0.key.printable(limit: Self.longestValue),
                value: $0.value.printable(limit: Self.longestValue)
            )
        }
        switch format {
        case .text:
            let head = "\(LocalTime.text(clock.wallTime)) \(padded(level.rawValue)) "
            let tail = values.map { " \($0.key)=\($0.value)" }.joined()
            return Self.fitted(text) { "\(head)\($0)\(tail)" } + "\n"
        case .json:
            let head =
                "{\"time\":\"\(clock.wallTime.iso8601)\",\"level\":\"\(level.rawValue)\",\"message\":"
            let tail = values.map { ",\($0.key.jsonQuoted):\($0.value.jsonQuoted)" }.joined() + "}"
            return Self.fitted(text) { "\(head)\($0.jsonQuoted)\(tail)" } + "\n"
        }
    }

    /// The line with as much of the text as fits.
    private static func fitted(_ text: String, _ line: (String) -> String) -> String {
        var limit = longestLine
        while true {
            let whole = line(text.printable(limit: limit))
            let excess = whole.unicodeScalars.count - longestLine
            guard excess > 0, limit > 1 else { return whole }
            limit = max(1, limit - excess)
        }
    }

    private func padded(_ level: String) -> String {
        level + String(repeating: " ", count: max(0, 8 - level.utf8.count))
    }
}

import Logging
import Vocabulary

/// Log lines for people on a terminal, with the time of this machine's zone; JSON lines for everything else, in
/// UTC.
struct GatewayLogHandler: LogHandler {
    enum Format: String, CaseIterable, Sendable { case text, json }

    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    let format: Format
    let writer: LogWriter
    let clock: any GatewayClock

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
            .sorted { $0.key < $1.key }.map { (key: $0.key, value: "\($0.value)") }
        switch format {
        case .text:
            let tail = all.map { " \($0.key)=\($0.value)" }.joined()
            let time = LocalTime.text(clock.wallTime)
            writer.write("\(time) \(padded(event.level.rawValue)) \(event.message)\(tail)\n")
        case .json:
            let time = clock.wallTime.iso8601
            var line = "{\"time\":\"\(time)\",\"level\":\"\(event.level.rawValue)\""
            line += ",\"message\":\(quoted(event.message.description))"
            for (key, value) in all { line += ",\(quoted(key)):\(quoted(value))" }
            writer.write(line + "}\n")
        }
    }

    private func padded(_ level: String) -> String {
        level + String(repeating: " ", count: max(0, 8 - level.utf8.count))
    }
}

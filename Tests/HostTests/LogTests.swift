import Documents
import Fakes
import Foundation
import Glibc
import Logging
import Proactors
import TestMachine
import Testing
import Vocabulary

@testable import Host

@Suite struct `The log` {
    private let clock = ManualClock()

    /// What is written when these are logged.
    private func lines(
        _ format: GatewayLogHandler.Format, level: Logger.Level = .info, _ log: (Logger) -> Void
    ) async throws -> [Substring] {
        let written = Guarded("")
        let writer = LogWriter(descriptor: -1, clock: clock) { text in
            written.withLock { $0 += text }
        }
        log(
            Logger(label: "test") { _ in
                GatewayLogHandler(logLevel: level, format: format, writer: writer, clock: clock)
            })
        await writer.finish()
        return written.withLock { $0 }.split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast()
    }

    private static let hostile =
        "x\n08:00:00.000 critical FORGED\r\n\u{1b}[2J\u{7}\u{7f}\u{9b}31m\u{2028}\u{2029}\u{202e}\u{2066}"

    @Test(arguments: GatewayLogHandler.Format.allCases)
    func `stays one line a piece, whatever a stranger wrote`(
        format: GatewayLogHandler.Format
    ) async throws {
        let texts = [
            Self.hostile, String(repeating: Self.hostile, count: 500),
            String(repeating: "\"\\", count: 4_000), String(repeating: "ö", count: 1_985), "",
        ]
        let lines = try await lines(format) { logger in
            for text in texts { logger.warning("\(text)", metadata: ["node": "\(text)"]) }
        }
        #expect(lines.count == texts.count)
        for line in lines {
            #expect(line.unicodeScalars.count < 2_000)
            #expect(
                !line.unicodeScalars.contains {
                    $0.properties.generalCategory == .control
                        || "\u{2028}\u{2029}\u{202e}\u{2066}"
                            .unicodeScalars.contains($0)
                })
            guard format == .json else { continue }
            let (document, problems) = JsonParser.parse(Array(line.utf8))
            #expect(problems.isEmpty && document?["message"]?.text != nil, "\(line)")
        }
    }

    @Test func `has the key of the event first, then the rest by name`() async throws {
        let log = { (logger: Logger) in
            logger.notice(.linkConnected, "connected", metadata: ["link": "house", "a": "1"])
        }
        let text = try #require(try await lines(.text, log).first)
        #expect(text.hasSuffix("connected event=link.connected a=1 link=house"))
        let json = try #require(try await lines(.json, log).first)
        #expect(json.contains("\"event\":\"link.connected\",\"a\":\"1\",\"link\":\"house\""))
    }

    @Test func `has keys of lower-case words, all of them on the page about monitoring`() throws {
        let page = try String(
            contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("docs/monitoring.md"), encoding: .utf8)
        let start = try #require(page.firstRange(of: "### Log events")).upperBound
        let section = page[start...].prefix { $0 != "#" }
        let listed = section.split(separator: "\n").filter { $0.hasPrefix("| `") }
            .compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
        #expect(Set(listed) == Set(LogKey.allCases.map(\.rawValue)))
        #expect(listed.count == LogKey.allCases.count)
        for key in listed {
            #expect(key.split(separator: ".").count == 2)
            #expect(key.allSatisfy { $0.isLowercase || $0 == "." || $0 == "-" })
        }
    }

    @Test func `says how many lines of one kind and source it left out`() async throws {
        let lines = try await lines(.text) { logger in
            for number in 0..<1_000 {
                for link in ["house", "cloud"] {
                    logger.warning("refused \(number)", metadata: ["link": "\(link)"])
                }
            }
            logger.error("another kind", metadata: ["link": "house"])
        }
        #expect(lines.count == 2 * (LogLimit.mostLines + 1) + 1)
        let left = 1_000 - LogLimit.mostLines
        for link in ["house", "cloud"] {
            #expect(
                lines.count { $0.contains("\(left) more") && $0.hasSuffix("link=\(link)") } == 1)
        }
        #expect(lines.contains { $0.contains("another kind") })
    }

    @Test func `keeps every line of those who ask for details`() async throws {
        let lines = try await lines(.text, level: .trace) { logger in
            for number in 0..<100 { logger.debug("\(number)") }
        }
        #expect(lines.count == 100)
    }
}

@Suite(.ownThread) struct `A log limit` {
    private let start = MonotonicInstant(nanoseconds: 1)

    private func kind(_ source: String, line: UInt = 1) -> LogLimit.Kind {
        LogLimit.Kind(file: "a", line: line, function: "f", source: source)
    }

    @Test func `begins again with each period, and reports each that was too full once`() {
        var limit = LogLimit()
        var (written, now) = (0, start)
        for _ in 0..<3 {
            for _ in 0..<100 where limit.take(kind("a"), at: now, summary: { "\($0)" }) == .write {
                written += 1
            }
            #expect(limit.deadline == now.advanced(by: LogLimit.period))
            #expect(limit.takeSummaries(at: now) == [])
            now = now.advanced(by: LogLimit.period)
            #expect(limit.takeSummaries(at: now) == ["80"])
            #expect(limit.deadline == nil)
        }
        #expect(written == 3 * LogLimit.mostLines)
    }

    @Test func `never hides a kind that comes seldom`() {
        var limit = LogLimit()
        for minute in 0..<200 {
            let now = start.advanced(by: LogLimit.period * minute)
            #expect(limit.take(kind("a"), at: now, summary: { "\($0)" }) == .write)
        }
        #expect(limit.takeSummaries(at: start, isLast: true) == [])
    }

    @Test func `stays small, and loses no count, however many sources there are`() {
        var limit = LogLimit()
        var written = 0
        for source in 0..<100_000
        where limit.take(kind("\(source)"), at: start, summary: { "\($0)" }) == .write {
            written += 1
        }
        #expect(written == LogLimit.mostKinds + LogLimit.mostLines)
        #expect(
            limit.takeSummaries(at: start, isLast: true) == ["\(100_000 - written)"])
    }
}

import DriverKit
import Vocabulary

/// A running total in a file of its own: the count in decimal, what the total was before the first of them
/// where that is not 0, and a line feed.
final class FileTotalStore: TotalStore {
    private let file: DurableFile

    /// - Parameters:
    ///   - folder: Where totals are kept; the folder above it must exist.
    ///   - name: Of the file, without its ending.
    init(folder: String, name: String) {
        file = DurableFile(folder: folder, name: "\(name).total")
    }

    func load() throws(DriverError) -> RunningTotal? {
        let text: String
        do throws(SystemError) {
            // Far more than any total needs.
            guard let found = try file.text(limit: 4096) else { return nil }
            text = found
        } catch {
            throw DriverError(.malformedReply, "\(file.path): \(error.message)")
        }
        let line = text.hasSuffix("\n") ? String(text.dropLast()) : text
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count <= 2, let pulses = words.first.flatMap({ Int64($0) }),
            let start = words.count == 2 ? DecimalNumber(words[1]) : DecimalNumber(mantissa: 0)
        else {
            throw DriverError(
                .malformedReply,
                "\(file.path): \"\(line.prefix(40))\" is not a total; write the last known count into "
                    + "it, or remove it to start at startAt")
        }
        return RunningTotal(pulses: pulses, start: start)
    }

    func save(_ total: RunningTotal) throws(DriverError) {
        let start = total.start.mantissa == 0 ? "" : " \(total.start)"
        do throws(SystemError) {
            try file.replace(by: "\(total.pulses)\(start)\n")
        } catch {
            throw DriverError(.notConnected, "\(file.path): \(error.message)")
        }
    }
}

import DriverKit
import Vocabulary

/// Where the registers of one component stood, in a file with a line for each channel: its name, the turns,
/// what the register showed, and the unit of that.
struct FileCounterStore: CounterStore {
    private let file: DurableFile
    /// Far more than the channels of one device need.
    private static let sizeLimit = 65_536
    /// Far more turns than any register makes; what is counted on from there does not leave 64 bits.
    private static let turns = Int64(0)...1_000_000_000_000

    /// - Parameters:
    ///   - folder: Where totals are kept; the folder above it must exist.
    ///   - name: Of the file, without its ending.
    init(folder: String, name: String) {
        file = DurableFile(folder: folder, name: "\(name).counters")
    }

    func load() throws(DriverError) -> [DataChannelName: CounterStand] {
        let text: String
        do throws(SystemError) {
            text = try file.text(limit: Self.sizeLimit) ?? ""
        } catch {
            throw DriverError(.malformedReply, "\(file.path): \(error.message)")
        }
        var stands: [DataChannelName: CounterStand] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 4, let channel = DataChannelName(words[0]),
                let turns = Int64(words[1]), Self.turns.contains(turns),
                let shown = DecimalNumber(words[2]),
                let unit = Unit(rawValue: words[3])
            else { continue }
            stands[channel] = CounterStand(shown: shown, unit: unit, turns: turns)
        }
        return stands
    }

    func save(_ stands: [DataChannelName: CounterStand]) throws(DriverError) {
        let lines = stands.sorted { $0.key < $1.key }.map { channel, stand in
            "\(channel) \(stand.turns) \(stand.shown) \(stand.unit.rawValue)\n"
        }
        do throws(SystemError) {
            try file.replace(by: lines.joined())
        } catch {
            throw DriverError(.notConnected, "\(file.path): \(error.message)")
        }
    }
}

import Documents
import DriverKit
import Vocabulary

/// The registers that a `modbus-meter` component may read, from its profile or its own list.
public struct RegisterMap: Sendable {
    public let registers: [Register]
    public let limits: RegisterLimits

    /// - Throws: `.invalidComponent`, naming the setting at fault.
    public init(_ settings: Settings) throws(DriverError) {
        let usual: RegisterLimits
        switch (settings["profile"], settings["registers"]) {
        case (.some, nil):
            let name = try settings.text("profile")
            guard let profile = MeterProfile.shipped.first(where: { $0.name == name }) else {
                throw settings.bad(
                    "profile",
                    "one of " + MeterProfile.shipped.map(\.name).joined(separator: ", "))
            }
            registers = profile.registers
            usual = profile.limits
        case (nil, .some(let node)):
            guard let list = node.list, !list.isEmpty else {
                throw settings.bad("registers", "a list of at least one register")
            }
            registers = try RegisterSettings.registers(in: list)
            usual = RegisterLimits(maxWords: RegisterLimits.maxWordsOfStandard, maxGap: 0)
        case (nil, nil): throw settings.bad("profile", "given, or registers in its place")
        case (.some, .some): throw settings.bad("registers", "left out beside a profile")
        }
        limits = RegisterLimits(
            maxWords: settings["maxWords"] == nil
                ? usual.maxWords : Int(try settings.whole("maxWords")),
            maxGap: settings["maxGap"] == nil ? usual.maxGap : Int(try settings.whole("maxGap")))
        let longest = registers.map(\.form.words).max() ?? 1
        guard longest <= limits.maxWords else {
            throw settings.bad("maxWords", "at least \(longest), the words of one value")
        }
    }

    /// - Throws: `.invalidComponent` when the map has no register of that source.
    public func register(for channel: DataChannel) throws(DriverError) -> Register {
        guard let register = registers.first(where: { $0.channel.source == channel.source })
        else {
            throw DriverError(
                .invalidComponent,
                "channel \(channel.name): source \(channel.source) is unknown"
                    + didYouMean(channel.source, among: registers.map(\.channel.source)))
        }
        return register
    }

    /// The requests that read all of `due`, as long as the device answers them.
    func requests(for due: [DataChannel]) throws(DriverError) -> [RegisterSpan] {
        var spans: [RegisterSpan] = []
        for channel in due { spans += try register(for: channel).spans }
        return RegisterSpan.merged(spans, limits: limits)
    }
}

import Documents
import DriverKit
import Vocabulary

/// The registers that a `modbus-meter` component may read, from its profile or its own list.
public struct RegisterMap: Sendable {
    public let registers: [Register]
    public let limits: RegisterLimits
    let timing: ModbusTiming
    /// Where each source stands among the registers.
    private let places: [String: Int]

    /// - Throws: `.invalidComponent`, naming the setting at fault.
    public init(_ settings: Settings) throws(DriverError) {
        let usual: RegisterLimits
        var usualTiming = ModbusTiming()
        switch (settings["profile"], settings["registers"]) {
        case (.some(let node), nil):
            let profile = try Self.profile(node, settings)
            registers = profile.registers
            usual = profile.limits
            usualTiming = profile.timing
        case (nil, .some(let node)):
            guard let list = node.list, !list.isEmpty else {
                throw settings.bad("registers", "a list of at least one register")
            }
            let (read, problems) = RegisterSettings.registers(in: list)
            if let problem = problems.first {
                throw DriverError(
                    .invalidComponent, "\(problem.place.path): \(problem.message)")
            }
            registers = read
            usual = RegisterLimits(maxWords: RegisterLimits.maxWordsOfStandard, maxGap: 0)
        case (nil, nil): throw settings.bad("profile", "given, or registers in its place")
        case (.some, .some): throw settings.bad("registers", "left out beside a profile")
        }
        places = Dictionary(
            registers.enumerated().map { ($1.channel.source, $0) }
        ) { first, _ in first }
        limits = RegisterLimits(
            maxWords: settings["maxWords"] == nil
                ? usual.maxWords : Int(try settings.whole("maxWords")),
            maxGap: settings["maxGap"] == nil ? usual.maxGap : Int(try settings.whole("maxGap")))
        timing = try ModbusTiming(settings, usual: usualTiming)
        let longest = registers.map(\.span.count).max() ?? 1
        guard longest <= limits.maxWords else {
            throw settings.bad("maxWords", "at least \(longest), the words of one value")
        }
    }

    /// The profile that the setting names, or that stands in its place.
    private static func profile(
        _ node: JsonNode, _ settings: Settings
    ) throws(DriverError) -> DeviceProfile {
        if node.group != nil {
            let (profile, problems) = DeviceProfile.read("", node)
            guard let profile else {
                let details = problems.map(\.description).joined(separator: "; ")
                throw settings.bad("profile", "without mistakes: \(details)")
            }
            return profile
        }
        guard let profile = DeviceProfile.builtIn(try settings.text("profile")) else {
            throw settings.bad("profile", "a profile that `tidegate drivers --profiles` lists")
        }
        return profile
    }

    /// - Throws: `.invalidComponent` when the map has no register of that source.
    public func register(for channel: DataChannel) throws(DriverError) -> Register {
        guard let place = places[channel.source] else {
            throw channel.unknownSource(among: registers.map(\.channel.source))
        }
        return registers[place]
    }

    /// The requests that read all of `due`, as long as the device answers them.
    func requests(for due: [DataChannel]) throws(DriverError) -> [RegisterSpan] {
        var spans: [RegisterSpan] = []
        for channel in due { spans.append(try register(for: channel).span) }
        return RegisterSpan.merged(spans, limits: limits)
    }
}

import Host
import Vocabulary

/// The names under which brokers may keep what this gateway has said: `retained` in the state directory, one a
/// line, the newest last.
///
/// What a layout no longer has when the gateway starts is taken back by them, at whatever broker. Names are
/// never forgotten but for newer ones, for a broker may come back after any time.
struct RetainedNames: Sendable {
    /// How many of each kind are remembered beyond those of the layout.
    static let mostFormer = 1_000
    private static let longestFile = 1 << 20

    private let path: String

    init(directory: String) { path = "\(directory)/retained" }

    /// Remembers what `profile` will have brokers keep.
    ///
    /// - Returns: What is remembered and not of it, the newest last.
    func note(
        _ profile: GatewayProfile
    ) throws(MachineError) -> (channels: [DataChannelName], actuators: [ShNodeName]) {
        let (channels, actuators) = try read()
        let here = (
            channels: profile.nodes.flatMap(\.channels).map(\.name),
            actuators: profile.nodes.filter { $0.kind == .relay }.map(\.name)
        )
        let former = (
            channels: Self.former(channels, without: here.channels),
            actuators: Self.former(actuators, without: here.actuators)
        )
        let lines =
            (former.channels + here.channels).map { "channel \($0)\n" }
            + (former.actuators + here.actuators).map { "actuator \($0)\n" }
        try Machine.write(lines.joined(), to: path)
        return former
    }

    private static func former<Tag>(
        _ names: [Name<Tag>], without here: [Name<Tag>]
    ) -> [Name<Tag>] {
        let here = Set(here)
        return names.filter { !here.contains($0) }.suffix(mostFormer)
    }

    /// Lines that are no names are left out.
    private func read() throws(MachineError) -> ([DataChannelName], [ShNodeName]) {
        guard Machine.exists(path) else { return ([], []) }
        let text = String(
            decoding: try Machine.bytes(of: path, limit: Self.longestFile), as: UTF8.self)
        var (channels, actuators): ([DataChannelName], [ShNodeName]) = ([], [])
        for line in text.split(separator: "\n") {
            if line.hasPrefix("channel ") {
                DataChannelName(String(line.dropFirst(8))).map { channels.append($0) }
            } else if line.hasPrefix("actuator ") {
                ShNodeName(String(line.dropFirst(9))).map { actuators.append($0) }
            }
        }
        return (channels, actuators)
    }
}

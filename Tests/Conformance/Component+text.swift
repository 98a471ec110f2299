import Documents
import DriverKit
import Vocabulary

extension Component {
    /// A component as a layout describes it, with every channel that its driver offers, each called
    /// after its source.
    ///
    /// - Parameters:
    ///   - settings: The component's settings as JSON: `{"sensor": "28-00000a1b2c3d"}`.
    ///   - sources: The only channels that it has; nil for all.
    /// - Throws: `.invalidComponent` with all problems that a layout check would find.
    public static func of(
        _ driver: any Driver.Type, _ settings: String, sources: [String]? = nil
    ) throws(DriverError) -> Component {
        let (document, problems) = JsonParser.parse(Array(settings.utf8))
        guard let document, problems.isEmpty else {
            throw DriverError(.invalidComponent, listed(problems))
        }
        let described = driver.description.settings
        let wrong = SettingDescription.problems(in: document, described: described)
        guard wrong.isEmpty else { throw DriverError(.invalidComponent, listed(wrong)) }
        let checked = Settings(document, described: described)
        let offered = try driver.channels(offeredWith: checked)
        var channels: [DataChannel] = []
        for channel in offered where sources?.contains(channel.source) ?? true {
            guard let name = DataChannelName(channel.source) else {
                throw DriverError(.invalidComponent, "source \(channel.source) is no channel name")
            }
            channels.append(
                DataChannel(
                    name: name, node: ShNodeName(known: "node"), source: channel.source,
                    unit: channel.unit, exponent: channel.exponent,
                    pollPeriod: channel.pollPeriod,
                    capture: CaptureRule(
                        period: channel.capturePeriod, delta: channel.captureDelta),
                    plausibility: channel.plausibility, isSettable: channel.isSettable))
        }
        return Component(
            name: ComponentName(known: "component"), model: driver.model, settings: checked,
            channels: channels)
    }

    private static func listed(_ problems: ProblemList) -> String {
        problems.map { "\($0)" }.joined(separator: "; ")
    }
}

import Documents
import DriverKit
import Vocabulary

extension Component {
    /// A component as the layout check makes one: settings with their defaults, and every channel that
    /// the driver offers, named after the component.
    ///
    /// - Parameter settings: The settings as they stand in a layout, a JSON object.
    public static func sample(
        _ driver: any Driver.Type, _ settings: String, name: ComponentName = "thing",
        safeState: SafeState? = nil
    ) throws -> Component {
        let described = driver.description.settings
        let (document, problems) = JsonParser.parse(Array(settings.utf8))
        guard let document, problems.isEmpty else { throw problems[0] }
        if let problem = SettingDescription.problems(in: document, described: described).first {
            throw problem
        }
        let checked = Settings(document, described: described)
        let channels = try driver.channels(offeredWith: checked).compactMap { offered in
            DataChannelName("\(name)-\(offered.source)").flatMap { channel in
                ShNodeName(name.text).map { node in
                    DataChannel(
                        name: channel, node: node, source: offered.source, unit: offered.unit,
                        exponent: offered.exponent, pollPeriod: offered.pollPeriod,
                        capture: CaptureRule(
                            period: offered.capturePeriod, delta: offered.captureDelta),
                        plausibility: offered.plausibility, isSettable: offered.isSettable)
                }
            }
        }
        return Component(
            name: name, model: driver.model, settings: checked, channels: channels,
            safeState: safeState)
    }
}

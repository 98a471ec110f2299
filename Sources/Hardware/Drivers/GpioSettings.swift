import Documents
import DriverKit
import Vocabulary

/// Settings that all drivers on GPIO lines share.
extension SettingDescription {
    static let gpioLine = SettingDescription(
        "line", .line,
        "the line: \"CHIP-LABEL/OFFSET\", \"CHIP-LABEL/NAME\" or its name on any chip")
    static let gpioActiveLow = SettingDescription(
        "activeLow", .flag, default: .flag(false), "whether low voltage means on")
    static let gpioBias = SettingDescription(
        "bias", .choice(InputSettings.Bias.allCases.map(\.rawValue)),
        default: .text(InputSettings.Bias.asIs.rawValue), "the resistor inside the chip")

    static func gpioDebounce(default value: Duration) -> SettingDescription {
        SettingDescription(
            "debounce", .duration(.zero ... .seconds(60)), default: .text(value.layoutText),
            "how long a level must last to count; \"0ms\" for none")
    }
}

extension Component {
    /// The component's line, as what it needs for itself.
    func gpioClaims() throws(DriverError) -> [WireClaim] {
        [WireClaim("GPIO line \(try settings.line("line"))")]
    }

    /// What `gpioinfo` shows as the user of the component's line.
    ///
    /// Source: linux/gpio.h, GPIO_MAX_NAME_SIZE: 32 bytes with the final zero.
    var gpioConsumer: String { String("tidegate:\(name)".prefix(31)) }

    /// How the component's line is read.
    func gpioInputSettings() throws(DriverError) -> InputSettings {
        InputSettings(
            activeLow: try settings.flag("activeLow"),
            bias: try settings.choice("bias"),
            debounce: try settings.duration("debounce"), consumer: gpioConsumer)
    }

    /// The only channel of a component that has one.
    func onlyChannel() throws(DriverError) -> DataChannel {
        guard let channel = channels.first, channels.count == 1 else {
            throw DriverError(
                .invalidComponent,
                "component \(name): has \(channels.count) channels and must have one")
        }
        return channel
    }
}

extension Settings {
    /// A setting whose words are the cases of `Choice`.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String
    ) throws(DriverError) -> Choice {
        guard let choice = Choice(rawValue: try text(name)) else {
            throw bad(name, SettingForm.choice(Choice.allCases.map(\.rawValue)).words)
        }
        return choice
    }
}

extension DataChannel {
    /// A reading of a switch.
    func reading(isOn: Bool) -> Reading { Reading(channel: name, value: isOn ? 1 : 0) }
}

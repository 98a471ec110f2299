import Documents
import Vocabulary

/// The drivers that layouts can ask for.
public struct DriverRegistry: Sendable {
    /// In alphabetical order of their models.
    public let drivers: [any Driver.Type]
    private let byModel: [DriverModel: any Driver.Type]

    /// - Parameter drivers: Each model once; a second one is a bug.
    public init(_ drivers: [any Driver.Type]) {
        self.drivers = drivers.sorted { $0.model < $1.model }
        byModel = Dictionary(uniqueKeysWithValues: drivers.map { ($0.model, $0) })
    }

    public subscript(model: DriverModel) -> (any Driver.Type)? { byModel[model] }

    /// What to answer a user whose layout names a driver that is not there.
    public func unknown(_ text: String) -> String {
        let models = drivers.map { $0.model.text }
        let meant = didYouMean(text, among: models)
        return "driver \(text) is unknown" + (meant.isEmpty ? settingNamed(text) : meant)
            + "; `tidegate drivers` lists all"
    }

    /// The driver that has a setting of which `text` is one choice, such as a meter's profile.
    private func settingNamed(_ text: String) -> String {
        for driver in drivers {
            for setting in driver.description.settings {
                let choices: [String]
                switch setting.form {
                case .choice(let words): choices = words
                case .profile(let form): choices = form.builtIn
                default: continue
                }
                guard let choice = suggestion(for: text, among: choices)
                else { continue }
                return "; did you mean driver \(driver.model) with \(setting.name) \(choice)"
            }
        }
        return ""
    }
}

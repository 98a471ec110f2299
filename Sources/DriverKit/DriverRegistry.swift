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

    /// What to tell a user whose layout names a driver that is not there.
    public func unknown(_ text: String) -> String {
        "driver \(text) is unknown" + didYouMean(text, among: drivers.map { $0.model.text })
            + "; `tidegate drivers` lists all"
    }
}

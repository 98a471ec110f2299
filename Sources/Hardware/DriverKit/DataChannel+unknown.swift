import Documents
import Vocabulary

extension DataChannel {
    /// What is wrong with a channel whose source its driver does not have.
    ///
    /// - Parameter known: The sources that there are.
    package func unknownSource(among known: [String]) -> DriverError {
        DriverError(
            .invalidComponent,
            "channel \(name): source \(source) is unknown" + didYouMean(source, among: known))
    }
}

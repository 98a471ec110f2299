import Codecs

extension JsonText {
    /// An object with the mark of GridWorks messages that report on simulated hardware: a member that no genuine
    /// peer knows, and all of them leave aside.
    func markedSimulated(_ isSimulated: Bool) -> JsonText {
        guard isSimulated, case .group(let members) = self else { return self }
        return .group(members + [Member(name: "Simulated", value: .flag(true))])
    }
}

import Vocabulary

extension CommandValue {
    /// - Returns: Nil for what is neither on, off, true, false nor a number.
    public init?(_ value: JsonValue?) {
        switch value {
        case .flag(let flag): self = .flag(flag)
        case .number(let number): self = .number(number)
        case .text(let text): self.init(text)
        default: return nil
        }
    }
}

import Vocabulary

/// Which GPIO line: an offset on a chip found by its label, or a line found by its name.
///
/// Chips are never named by number, because the kernel numbers them again when one is replugged.
public struct LineAddress: Hashable, Sendable, CustomStringConvertible {
    /// The chip's label, `"pinctrl-bcm2711"`; nil when the line's name is looked for on every chip.
    public let chip: String?
    public let line: Line

    /// The line's place on its chip, or its name.
    public enum Line: Hashable, Sendable {
        case offset(UInt32)
        case name(String)
    }

    /// Reads `"pinctrl-bcm2711/17"`, `"edge-relays/pump"` or `"pump"`.
    public init?(_ text: String) {
        guard Self.problem(in: text) == nil else { return nil }
        guard let slash = text.lastIndex(of: "/") else {
            (chip, line) = (nil, .name(text))
            return
        }
        let rest = String(text[text.index(after: slash)...])
        chip = String(text[..<slash])
        line = UInt32(rest).map(Line.offset) ?? .name(rest)
    }

    /// What is wrong with `text` as a line; nil when nothing is.
    public static func problem(in text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.contains("") { return "\"\(text)\" must be \(SettingForm.line.words)" }
        guard parts.count > 1 else {
            return UInt32(text) == nil ? nil : "\"\(text)\" needs its chip: \"CHIP-LABEL/\(text)\""
        }
        let chip = parts.dropLast().joined(separator: "/")
        if chip.hasPrefix("gpiochip"), UInt32(chip.dropFirst("gpiochip".count)) != nil {
            return
                "\(chip) is a number that changes when a chip is replugged; write the chip's label, "
                + "which gpiodetect shows in brackets"
        }
        return nil
    }

    public var description: String {
        let line =
            switch self.line {
            case .offset(let offset): String(offset)
            case .name(let name): name
            }
        return chip.map { "\($0)/\(line)" } ?? line
    }
}

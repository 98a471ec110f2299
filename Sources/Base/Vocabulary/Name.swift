/// A name that a layout gives to something, checked for form once and trusted from then on.
///
/// The tag says what is named, so that a node's name is never taken for a channel's.
public struct Name<Tag: NameTag>: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name as written in the layout and on the wire.
    public let text: String

    /// - Returns: Nil when `text` is not of the form that `Tag.form` describes.
    public init?(_ text: String) {
        guard Tag.accepts(text) else { return nil }
        self.text = text
    }

    public var description: String { text }

    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

extension Name: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let name = Self(text) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "\"\(text)\" is not a valid \(Tag.noun): \(Tag.form)"))
        }
        self = name
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// What a `Name` names, and the form such names have.
public protocol NameTag: Sendable {
    /// What is named, for messages: `"node name"`.
    static var noun: String { get }
    /// The form in words, with an example.
    static var form: String { get }
    static func accepts(_ text: String) -> Bool
}

/// Lower-case words joined by hyphens, starting with a letter: `tank1-top`.
///
/// Source: the SpaceheatName format of the GridWorks link, so that a name passes through unchanged.
public protocol HyphenatedName: NameTag {}

extension HyphenatedName {
    public static var form: String {
        "lower-case words and digits joined by hyphens, starting with a letter, "
            + "for example tank1-top"
    }

    public static func accepts(_ text: String) -> Bool {
        guard text.utf8.count <= 64 else { return false }
        return areWords(text, joinedBy: UInt8(ascii: "-"))
    }
}

/// Tags an ShNode's name.
public enum ShNodeTag: HyphenatedName { public static let noun = "node name" }
/// Tags a data channel's name.
public enum DataChannelTag: HyphenatedName { public static let noun = "channel name" }
/// Tags a component's name.
public enum ComponentTag: HyphenatedName { public static let noun = "component name" }
/// Tags a bus's name.
public enum BusTag: HyphenatedName { public static let noun = "bus name" }
/// Tags an upstream's name.
public enum UpstreamTag: HyphenatedName { public static let noun = "upstream name" }
/// Tags a driver's model name.
public enum DriverModelTag: HyphenatedName { public static let noun = "driver" }

/// Tags a gateway's alias: lower-case words joined by dots.
///
/// Source: the LeftRightDot format of the GridWorks link.
public enum GatewayTag: NameTag {
    public static let noun = "gateway alias"
    public static let form =
        "lower-case words and digits joined by dots, starting with a letter, "
        + "for example d1.demo.house1.scada"

    public static func accepts(_ text: String) -> Bool {
        guard text.utf8.count <= 128 else { return false }
        return areWords(text, joinedBy: UInt8(ascii: "."))
    }
}

/// One node of the layout: `tank1-top`.
public typealias ShNodeName = Name<ShNodeTag>
/// One channel, unique in the gateway: `tank1-top`.
public typealias DataChannelName = Name<DataChannelTag>
/// One component of the layout: `relay-board-1`.
public typealias ComponentName = Name<ComponentTag>
/// A bus that components share: `rs485`.
public typealias BusName = Name<BusTag>
/// A broker that readings go to: `house`.
public typealias UpstreamName = Name<UpstreamTag>
/// A gateway among all that share a broker: `d1.demo.house1.scada`.
public typealias GatewayName = Name<GatewayTag>
/// What a layout writes to ask for a driver: `modbus-meter`.
public typealias DriverModel = Name<DriverModelTag>

extension Name {
    /// A name written in the source. A malformed one is a bug and stops the program.
    public init(known text: StaticString) {
        guard let name = Self(text.description) else {
            preconditionFailure("\(text) is not a valid \(Tag.noun): \(Tag.form)")
        }
        self = name
    }
}

/// Whether `text` is words of `a–z0–9` joined by single separators, the first starting with a letter.
private func areWords(_ text: String, joinedBy separator: UInt8) -> Bool {
    var wordIsEmpty = true
    for (index, byte) in text.utf8.enumerated() {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): wordIsEmpty = false
        case UInt8(ascii: "0")...UInt8(ascii: "9") where index > 0: wordIsEmpty = false
        case separator where !wordIsEmpty: wordIsEmpty = true
        default: return false
        }
    }
    return !wordIsEmpty
}

import Codecs
import DriverKit
import Vocabulary

/// A codec as layouts know it: its name, the keys that an upstream has for it, and how they are read.
public struct CodecDescription: Sendable {
    /// What layouts call it: `plain`.
    public let name: String
    /// Whose words it speaks, for help: `Tidegate's own`.
    let words: String
    /// Keys of an upstream beside `codec`.
    let keys: [LayoutKey]
    let read: Reading

    /// Reads and checks what an upstream says of the codec. All nodes and channels have their names by then.
    ///
    /// - Returns: Nil when that is not complete; its problems have been reported.
    package typealias Reading =
        @Sendable (inout LayoutReader, Section, [NodeLayout]) -> (any CodecSettings)?

    package init(_ name: String, words: String, keys: [LayoutKey], read: @escaping Reading) {
        (self.name, self.words, self.keys, self.read) = (name, words, keys, read)
    }
}

/// What a layout says of one upstream's codec.
public protocol CodecSettings: Hashable, Sendable {
    /// The codec of a gateway.
    ///
    /// - Parameter topic: The first level of the gateway's own topics.
    func codec(
        of profile: GatewayProfile, upstream: UpstreamName, topic: String
    ) -> any Codec

    /// What no other upstream on the same broker may do, or the two would take each other's messages.
    func claims(topic: String) -> [CodecClaim]

    /// What is published and subscribed to, for people.
    func topics(of layout: HardwareLayout, on upstream: UpstreamLayout) -> [CodecTopic]

    /// How often the upstream is to have everything at once.
    var schedule: Schedule { get }
}

extension CodecSettings {
    public var schedule: Schedule { Schedule() }

    fileprivate func isEqual(to other: any CodecSettings) -> Bool { (other as? Self) == self }
}

/// Something on a broker that one upstream has for itself.
public struct CodecClaim: Hashable, Sendable {
    /// `speaks` and `below the topic tidegate`, with the broker between them.
    public let words: (verb: String, object: String)
    /// The key at fault, from the upstream on.
    let path: [String]
    let remedy: String

    public init(_ verb: String, _ object: String, at path: [String], remedy: String) {
        (words, self.path, self.remedy) = ((verb, object), path, remedy)
    }

    public static func == (left: Self, right: Self) -> Bool { left.words == right.words }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.verb)
        hasher.combine(words.object)
    }
}

/// One topic, or one kind of topics, of an upstream.
public struct CodecTopic: Hashable, Sendable {
    public let topic: String
    /// What stands there, in a phrase.
    public let what: String

    public init(_ topic: String, _ what: String) { (self.topic, self.what) = (topic, what) }
}

/// The codec of an upstream, with its settings.
public struct CodecChoice: Hashable, Sendable {
    /// As layouts call it.
    public let name: String
    public let settings: any CodecSettings

    public static func == (left: Self, right: Self) -> Bool {
        left.name == right.name && left.settings.isEqual(to: right.settings)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        settings.hash(into: &hasher)
    }
}

/// The codecs that upstreams may ask for.
public struct CodecRegistry: Sendable {
    public let codecs: [CodecDescription]

    /// - Parameter codecs: Of different names. The first is the one of upstreams that name none.
    public init(_ codecs: [CodecDescription]) { self.codecs = codecs }

    /// The one of upstreams that name none; nil in a registry without any.
    var standard: CodecDescription? { codecs.first }

    subscript(name: String?) -> CodecDescription? { codecs.first { $0.name == name } }
}

import Vocabulary

/// Tidegate's own words: plain JSON on plain topics.
public struct PlainCodec: Sendable {
    /// - Parameter prefix: The first level of all topics; `"tidegate"` when the layout says nothing.
    public init(profile: GatewayProfile, prefix: String = "tidegate") {}
}

import Upstreams
import Vocabulary

/// One upstream as the gateway sets it up.
public struct UpstreamPlan: Sendable {
    public let name: UpstreamName
    public let session: any Upstream
    public let codec: any Codec
    /// How many messages may wait for the broker's acknowledgement.
    public let window: Int

    public init(name: UpstreamName, session: any Upstream, codec: any Codec, window: Int) {
        self.name = name
        self.session = session
        self.codec = codec
        self.window = window
    }
}

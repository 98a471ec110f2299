import Links
import Upstreams
import Vocabulary

/// One upstream as the gateway sets it up.
public struct UpstreamPlan: Sendable {
    public let name: UpstreamName
    public let session: any Upstream
    /// Who acknowledges: the peer when it is a `PeerCodec`, else the broker.
    public let codec: any Codec
    public let rules: LinkRules

    public init(
        name: UpstreamName, session: any Upstream, codec: any Codec, rules: LinkRules = LinkRules()
    ) {
        self.name = name
        self.session = session
        self.codec = codec
        self.rules = rules
    }
}

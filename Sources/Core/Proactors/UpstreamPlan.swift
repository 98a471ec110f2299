import Codecs
import Delivery
import Mqtt
import Vocabulary

/// One upstream as the gateway sets it up.
public struct UpstreamPlan: Sendable {
    public let name: UpstreamName
    public let session: any Upstream
    /// Makes a session like it, for when that one gives no heartbeat. Nil when nothing can be done then.
    public let makeSession: (@Sendable () -> any Upstream)?
    /// Who acknowledges: the codec's peer where it has one, else the broker.
    public let codec: any Codec
    public let rules: LinkRules

    public init(
        name: UpstreamName, session: any Upstream,
        makeSession: (@Sendable () -> any Upstream)? = nil, codec: any Codec,
        rules: LinkRules = LinkRules()
    ) {
        self.name = name
        self.session = session
        self.makeSession = makeSession
        self.codec = codec
        self.rules = rules
    }
}

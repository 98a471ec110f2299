import Mqtt
import Vocabulary

/// Numbers the tries to connect of one upstream, and gives each its last will. Any thread may ask.
///
/// The transport asks when it connects; whoever then hears that a try has succeeded asks for `number`. Were
/// that connection gone again and another one begun, the number would be of the one that will be heard of
/// next, and nothing can go out before.
public final class CodecConnections: Sendable {
    private let state: Guarded<(codec: any Codec, next: UInt64)>

    public init(_ codec: any Codec) { state = Guarded((codec, 0)) }

    /// A try to connect begins.
    ///
    /// - Returns: Its last will.
    public func begin() -> MqttMessage? {
        let (codec, number) = state.withLock { state in
            defer { state.next += 1 }
            return (state.codec, state.next)
        }
        return codec.session(of: CodecConnection(number: number)).will
    }

    /// The newest try; 0 before the first.
    public var number: UInt64 { state.withLock { $0.next == 0 ? 0 : $0.next - 1 } }

    /// Tries to come are in other words.
    public func change(to codec: any Codec) { state.withLock { $0.codec = codec } }
}

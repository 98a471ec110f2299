import Brokers
import Mqtt
import Vocabulary

extension EmbeddedBroker {
    /// Asked by sessions before each try: the socket of the process that was started here, while it lives.
    package nonisolated var endpointProvider:
        @Sendable () throws(UpstreamError) -> EndpointProvider?
    {
        { [self] () throws(UpstreamError) in
            switch state {
            case .runs(let place):
                return EndpointProvider(broker: place.address, listener: place.process)
            case .fails(let error):
                throw UpstreamError(
                    kind: .notConnected, detail: "embedded broker is not running: \(error.detail)")
            case nil: return nil
            }
        }
    }
}

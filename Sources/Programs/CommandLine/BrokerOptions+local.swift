import ArgumentParser
import Host
import Vocabulary

extension BrokerOptions {
    /// The gateway of this machine that is asked without a broker; nil where one must be, because an option names it, or
    /// because no gateway here can be asked so.
    ///
    /// - Throws: The exit code, after reporting that several run and none is named.
    func local() throws -> LocalGateways.Place? {
        guard namesNoBroker else { return nil }
        do throws(LocalGateways.Lack) {
            return try LocalGateways().one(of: gateway.flatMap(GatewayName.init))
        } catch {
            guard case .several(let why) = error else { return nil }
            Output.error("tidegate: \(why)")
            throw ExitStatus.configuration.code
        }
    }

    /// All of them, or the one that is named.
    var allLocal: [LocalGateways.Place] {
        guard namesNoBroker else { return [] }
        return LocalGateways().running.filter { gateway == nil || $0.gateway.text == gateway }
    }

    private var namesNoBroker: Bool {
        broker == nil && user == nil && ca == nil && topic == nil
            && gateway.map { GatewayName($0) != nil } ?? true
    }
}

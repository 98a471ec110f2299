import ArgumentParser
import Control
import Host
import Vocabulary

/// Which gateway of this machine a command asks, and for how long it waits.
struct LocalOptions: ParsableArguments {
    @Option(help: "The gateway's alias, needed when several gateways run.")
    var gateway: String?

    @Option(help: "Timeout of the answer, in seconds.")
    var timeout: Int = 30

    func validate() throws {
        if let gateway, GatewayName(gateway) == nil {
            throw ValidationError("\"\(gateway)\" is not a valid gateway alias: \(GatewayTag.form)")
        }
        guard (1...600).contains(timeout) else {
            throw ValidationError("--timeout must be 1 to 600")
        }
    }

    /// - Throws: The exit status, after reporting why there is no answer.
    func answer(to request: ControlRequest) async throws -> [UInt8] {
        let place = try LocalGateways().chosen(gateway.flatMap(GatewayName.init))
        return try await LocalRequest(request, of: place)
            .answer(within: .seconds(timeout), on: SystemClock())
    }
}

extension LocalGateways {
    /// - Throws: The exit status, after reporting why there is none.
    func chosen(_ gateway: GatewayName?) throws -> Place {
        do throws(Lack) {
            return try one(of: gateway)
        } catch {
            switch error {
            case .none(let why):
                Output.error("tidegate: \(why)")
                throw ExitStatus.unavailable.code
            case .several(let why):
                Output.error("tidegate: \(why)")
                throw ExitStatus.configuration.code
            }
        }
    }
}

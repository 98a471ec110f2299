import ArgumentParser
import Control
import Documents
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

    /// What `read` finds in the answer.
    ///
    /// - Throws: The exit status, after reporting why there is no answer, or none that can be understood.
    func answer<Answer>(
        to request: ControlRequest, read: (JsonNode) -> Answer?
    ) async throws -> Answer {
        let place = try LocalGateways().chosen(gateway.flatMap(GatewayName.init))
        let text = try await LocalRequest(request, of: place)
            .answer(within: .seconds(timeout), on: SystemClock())
        guard let answer = JsonParser.document(text, .strict).flatMap(read) else {
            Output.error("tidegate: \(place.gateway): its answer cannot be understood")
            throw ExitStatus.unavailable.code
        }
        return answer
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

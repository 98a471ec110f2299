import ArgumentParser
import Control
import Documents
import Host
import Timing
import Vocabulary

/// One request to a gateway of this machine that has one answer.
struct LocalRequest: Sendable {
    let request: ControlRequest
    let place: LocalGateways.Place

    init(_ request: ControlRequest, of place: LocalGateways.Place) {
        (self.request, self.place) = (request, place)
    }

    /// - Throws: The exit status, after reporting why there is no answer.
    func answer(within limit: Duration, on clock: any GatewayClock) async throws -> [UInt8] {
        let (request, path) = (request, place.path)
        let asked = await Timing.within(limit, on: clock) {
            () async -> Result<[UInt8], ControlError> in
            do throws(ControlError) {
                return .success(try await ControlClient.ask(request, at: path))
            } catch {
                return .failure(error)
            }
        }
        switch asked {
        case nil:
            Output.error("tidegate: \(place.gateway): no answer within \(limit.layoutText)")
            throw (request.right == .read ? ExitStatus.unavailable : ExitStatus.timedOut).code
        case .failure(let error):
            Output.error("tidegate: \(error.detail)")
            throw ExitStatus.unavailable.code
        case .success(let text):
            if let why = JsonParser.document(text, .strict)?["refused"]?.text {
                Output.error("tidegate: \(place.gateway): refused, \(why.printable(limit: 1_000))")
                throw ExitStatus.failure.code
            }
            return text
        }
    }
}

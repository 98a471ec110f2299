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

    /// - Returns: The answer, or why there is none; nil when it did not come in time.
    func outcome(
        within limit: Duration, on clock: any GatewayClock
    ) async -> Result<[UInt8], ControlError>? {
        let (request, path) = (request, place.path)
        return await Timing.within(limit, on: clock) {
            do throws(ControlError) {
                return .success(try await ControlClient.ask(request, at: path))
            } catch {
                return .failure(error)
            }
        }
    }

    /// Why an answer is none.
    static func refusal(in text: [UInt8]) -> String? {
        JsonParser.document(text, .strict)?["refused"]?.text.map {
            "refused, \($0.printable(limit: 1_000))"
        }
    }

    /// - Throws: The exit status, after reporting why there is no answer.
    func answer(within limit: Duration, on clock: any GatewayClock) async throws -> [UInt8] {
        switch await outcome(within: limit, on: clock) {
        case nil:
            Output.error("tidegate: \(place.gateway): no answer within \(limit.layoutText)")
            throw (request.right == .read ? ExitStatus.unavailable : ExitStatus.timedOut).code
        case .failure(let error):
            Output.error("tidegate: \(error.detail)")
            throw ExitStatus.unavailable.code
        case .success(let text):
            if let why = Self.refusal(in: text) {
                Output.error("tidegate: \(place.gateway): \(why)")
                throw ExitStatus.failure.code
            }
            return text
        }
    }
}

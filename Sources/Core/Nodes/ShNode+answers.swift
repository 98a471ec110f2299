import DriverKit
import Vocabulary

// What a node makes of answers that its device gives for some channels and not for others.
extension ShNode {
    /// How many polls in a row must fail before what may pass is a fault: as many as make a value stale.
    static let passingPolls = 3
    /// The faults that an answer ends.
    private static let answerFaults: Set<Fault.Kind> = [
        .notConnected, .timeout, .malformedReply, .invalidComponent,
    ]

    /// Reports what is wrong with single channels, and what is wrong with them no longer.
    ///
    /// - Parameter answers: One for each of `due`.
    /// - Returns: The readings among them.
    func readings(in answers: [Answer], of due: [DataChannel]) -> [Reading] {
        var readings: [Reading] = []
        if answers.contains(where: \.isFromDevice) { succeed() }
        for (channel, answer) in zip(due, answers) {
            switch answer {
            case .success(let reading):
                let over = faults.end(
                    Self.answerFaults, on: channel.name, "channel \(channel.name): readable again")
                if !over.isEmpty { resetCapture(of: channel.name) }
                report(over)
                readings.append(reading)
            case .failure(let error):
                fail(channel.name, error)
            }
        }
        return readings
    }

    private func fail(_ channel: DataChannelName, _ error: DriverError) {
        let prefix = "channel \(channel): "
        let detail = error.detail.hasPrefix(prefix) ? error.detail : prefix + error.detail
        let kind = error.faultKind
        guard
            let fault = faults.begin(
                kind, on: channel, after: error.mayPass ? Self.passingPolls : 1, detail)
        else { return }
        // A channel has one reason at a time.
        report(faults.end(Self.answerFaults.subtracting([kind]), on: channel, detail) + [fault])
    }
}

extension Answer {
    /// Whether the device itself has just spoken, if only to say that it measures nothing.
    fileprivate var isFromDevice: Bool {
        switch self {
        case .success: true
        case .failure(let error): error.kind == .noValue
        }
    }
}

extension DriverError {
    var faultKind: Fault.Kind {
        switch kind {
        case .invalidComponent, .unsupported: .invalidComponent
        case .notConnected: .notConnected
        case .timeout, .busy: .timeout
        case .malformedReply, .noValue: .malformedReply
        }
    }

    /// Whether the next poll may well be good.
    fileprivate var mayPass: Bool {
        switch kind {
        case .notConnected, .timeout, .busy, .malformedReply: true
        case .invalidComponent, .noValue, .unsupported: false
        }
    }
}

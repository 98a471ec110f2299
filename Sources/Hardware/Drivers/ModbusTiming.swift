import DriverKit
import Vocabulary

/// How much time a device needs for itself.
struct ModbusTiming: Hashable, Sendable {
    var replyTimeout: Duration = .milliseconds(500)
    var connectPause: Duration = .zero
    var requestPause: Duration = .zero

    static let replyTimeoutForm = SettingForm.duration(.milliseconds(10) ... .seconds(10))
    static let pauseForm = SettingForm.duration(.zero ... .seconds(10))

    init() {}

    /// The settings, and `usual` where they say nothing.
    init(_ settings: Settings, usual: ModbusTiming = ModbusTiming()) throws(DriverError) {
        self = usual
        if settings["replyTimeout"] != nil {
            replyTimeout = try settings.duration("replyTimeout")
        }
        if settings["connectPause"] != nil {
            connectPause = try settings.duration("connectPause")
        }
        if settings["requestPause"] != nil {
            requestPause = try settings.duration("requestPause")
        }
    }
}

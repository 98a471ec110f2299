import CMosquitto
import Glibc

/// A list of MQTT 5 properties in the library's memory, for the time of one call.
///
/// Not to be copied: the list is freed with its one owner.
@safe
struct MqttProperties: ~Copyable {
    private var list: OpaquePointer?

    /// What travels with `message` beside its payload.
    init(of message: MqttMessage) {
        // Sound in all: the library copies what it is given into the list, which this value owns.
        // It refuses only malformed UTF-8, which a Swift string is not, and a full memory.
        unsafe list = nil
        if let topic = message.responseTopic {
            unsafe mosquitto_property_add_string(
                &list, Int32(MQTT_PROP_RESPONSE_TOPIC.rawValue), topic)
        }
        if let data = message.correlationData {
            unsafe data.withUnsafeBytes { bytes in
                _ = unsafe mosquitto_property_add_binary(
                    &list, Int32(MQTT_PROP_CORRELATION_DATA.rawValue), bytes.baseAddress,
                    UInt16(clamping: bytes.count))
            }
        }
        if let seconds = message.expirySeconds {
            unsafe mosquitto_property_add_int32(
                &list, Int32(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL.rawValue), seconds)
        }
    }

    deinit {
        // Sound: the list is this value's own and nobody uses it after this.
        var list = unsafe list
        unsafe mosquitto_property_free_all(&list)
    }

    /// Lends the list to one call that does not keep it.
    borrowing func lend<Result>(
        _ call: (OpaquePointer?) -> Result
    ) -> Result {
        // Sound: the list lives through the call.
        unsafe call(list)
    }

    /// Gives the list away to a call that will free it.
    mutating func give<Result>(
        _ call: (OpaquePointer?) -> Result
    ) -> Result {
        // Sound: the list is forgotten here, and so freed by the call alone.
        defer { unsafe list = nil }
        return unsafe call(list)
    }
}

/// The properties of something received, for the time of the library's callback.
@safe
struct ReceivedProperties {
    private let list: OpaquePointer?

    // Sound: this value does not outlive the callback that lends the list.
    init(_ list: OpaquePointer?) { unsafe self.list = list }

    var responseTopic: String? { text(MQTT_PROP_RESPONSE_TOPIC) }
    /// The broker's own words for a refusal.
    var reason: String? { text(MQTT_PROP_REASON_STRING) }

    var correlationData: [UInt8]? {
        var data: UnsafeMutableRawPointer?
        var count: UInt16 = 0
        // Sound: on success the library hands over a copy of `count` bytes, which is freed here.
        guard
            unsafe mosquitto_property_read_binary(
                list, Int32(MQTT_PROP_CORRELATION_DATA.rawValue), &data, &count, false) != nil
        else { return nil }
        defer { unsafe free(data) }
        return unsafe Array(UnsafeRawBufferPointer(start: data, count: Int(count)))
    }

    var expirySeconds: UInt32? { number(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL) }
    var maximumPacketSize: UInt32? { number(MQTT_PROP_MAXIMUM_PACKET_SIZE) }

    private func number(_ property: mqtt5_property) -> UInt32? {
        var number: UInt32 = 0
        // Sound: the call writes one number.
        guard
            unsafe mosquitto_property_read_int32(list, Int32(property.rawValue), &number, false)
                != nil
        else { return nil }
        return number
    }

    private func text(_ property: mqtt5_property) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        // Sound: on success the library hands over a copy that ends in zero, which is freed here.
        guard
            unsafe mosquitto_property_read_string(list, Int32(property.rawValue), &text, false)
                != nil,
            let text = unsafe text
        else { return nil }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }
}

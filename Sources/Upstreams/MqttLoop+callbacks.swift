import CMosquitto
import Glibc

// What the library calls. It does so on the session's thread, out of calls that the loop makes.
extension MqttLoop {
    static func setCallbacks(of client: OpaquePointer) {
        // Sound: the closures capture nothing; the client lives.
        unsafe mosquitto_connect_v5_callback_set(client) { _, owner, reason, flags, properties in
            unsafe loop(owner).answered(
                MqttReason(reason), sessionPresent: flags & 1 != 0,
                ReceivedProperties(properties))
        }
        unsafe mosquitto_disconnect_v5_callback_set(client) { _, owner, status, _ in
            unsafe loop(owner).disconnected(status)
        }
        unsafe mosquitto_publish_v5_callback_set(client) { _, owner, number, reason, properties in
            unsafe loop(owner).published(number, MqttReason(reason), ReceivedProperties(properties))
        }
        unsafe mosquitto_subscribe_v5_callback_set(client) {
            _, owner, number, count, granted, properties in
            // One topic is subscribed at a time, so there is one answer.
            guard count > 0, let granted = unsafe granted else { return }
            unsafe loop(owner).subscribed(
                number, MqttReason(granted.pointee), ReceivedProperties(properties))
        }
        unsafe mosquitto_message_v5_callback_set(client) { _, owner, message, properties in
            guard let message = unsafe message else { return }
            unsafe loop(owner).received(message.pointee, ReceivedProperties(properties))
        }
        unsafe mosquitto_log_callback_set(client) { _, owner, level, text in
            guard level == MOSQ_LOG_ERR, let text = unsafe text else { return }
            unsafe loop(owner).complained(String(cString: text))
        }
    }

    fileprivate func answered(
        _ reason: MqttReason, sessionPresent: Bool, _ properties: ReceivedProperties
    ) {
        if reason.code == 0 {
            isLoggedIn = true
            exchange.connected(
                sessionPresent: sessionPresent,
                maximumPacketSize: properties.maximumPacketSize.map(Int.init))
        } else {
            refusal = "\(settings.broker): " + words(reason, properties)
        }
    }

    fileprivate func disconnected(_ status: Int32) {
        if status != 0 { ending = words(for: status) }
    }

    fileprivate func published(
        _ number: Int32, _ reason: MqttReason, _ properties: ReceivedProperties
    ) {
        guard let (id, topic) = inFlight.removeValue(forKey: number) else {
            return exchange.written()
        }
        if reason.isFailure {
            exchange.publishRefused(
                id, qos: .atLeastOnce, reason: words(reason, properties), topic: topic,
                isTemporary: reason.isTemporary)
        } else {
            exchange.acknowledged(id)
        }
    }

    fileprivate func subscribed(
        _ number: Int32, _ reason: MqttReason, _ properties: ReceivedProperties
    ) {
        guard let topic = subscribing.removeValue(forKey: number) else { return }
        exchange.subscriptionSettled(
            topic, refusal: reason.isFailure ? words(reason, properties) : nil)
    }

    fileprivate func received(_ message: mosquitto_message, _ properties: ReceivedProperties) {
        // Sound: the library lends topic and `count` bytes of payload for the time of the callback.
        let count = unsafe Int(message.payloadlen)
        guard count <= settings.largestPayload, let topic = unsafe message.topic else {
            return exchange.droppedMessage()
        }
        let payload = unsafe Array(UnsafeRawBufferPointer(start: message.payload, count: count))
        exchange.received(
            unsafe MqttMessage(
                topic: String(cString: topic), payload: payload,
                qos: message.qos == 0 ? .atMostOnce : .atLeastOnce, isRetained: message.retain,
                responseTopic: properties.responseTopic,
                correlationData: properties.correlationData,
                expirySeconds: properties.expirySeconds))
    }

    fileprivate func complained(_ text: String) {
        // A few lines are enough to see what is wrong.
        if complaints.count < 8 { complaints.append(text) }
    }
}

private func loop(_ owner: UnsafeMutableRawPointer?) -> MqttLoop {
    // Sound: `MqttClient.init` put it there, and see there why it is alive.
    guard let owner = unsafe owner else {
        preconditionFailure("every client is made with its owner")
    }
    return unsafe Unmanaged<MqttLoop>.fromOpaque(owner).takeUnretainedValue()
}

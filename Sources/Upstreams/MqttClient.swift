import CLinux
import CMosquitto
import Glibc
import Threads

/// One client of libmosquitto for one connection. Its owner's thread alone uses it.
@safe
final class MqttClient {
    enum Handover {
        /// The library's number for it.
        case taken(Int32)
        /// It can never be sent, and why.
        case impossible(String)
        /// The connection broke meanwhile. The library's status.
        case broken(Int32)
    }

    private let client: OpaquePointer
    private let settings: MqttSettings

    /// - Parameter owner: Hears the library's callbacks. It must outlive this value.
    /// - Throws: `.badMessage` when the settings are wrong, naming the one at fault.
    init(settings: MqttSettings, owner: MqttLoop) throws(UpstreamError) {
        // Sound: the pointer is handed back to `owner` in callbacks only, and those come out of calls
        // that `owner` makes on this client, so it is alive then.
        let client = unsafe mosquitto_new(
            settings.clientID, true, Unmanaged.passUnretained(owner).toOpaque())
        guard let client = unsafe client else {
            throw UpstreamError(
                kind: .badMessage, detail: "client \(settings.clientID): \(errorWords(errno))")
        }
        // From here on the client is freed with this value, on errors too.
        unsafe self.client = client
        self.settings = settings
        // Sound in all of these: the client lives, and the library copies the strings.
        unsafe mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5)
        unsafe mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1)
        unsafe mosquitto_int_option(
            client, MOSQ_OPT_SEND_MAXIMUM, Int32(min(settings.window, 65_535)))
        unsafe MqttLoop.setCallbacks(of: client)
        if settings.user != nil || settings.password != nil {
            try check(
                unsafe mosquitto_username_pw_set(client, settings.user, settings.password),
                "user and password")
        }
        if let will = settings.will { try setWill(will) }
        if settings.broker.usesTls { try setTls(settings.tls ?? MqttTls()) }
    }

    deinit {
        // Sound: this value owns the client, and no callback is running.
        unsafe mosquitto_destroy(client)
    }

    private func setWill(_ will: MqttMessage) throws(UpstreamError) {
        if let problem = topicProblem(will.topic) {
            throw UpstreamError(kind: .badMessage, detail: "last will: \(problem)")
        }
        var properties = MqttProperties(of: will)
        // Sound: the client lives; the library copies topic and payload and takes the properties over.
        let client = unsafe client
        let status = unsafe properties.give { list in
            unsafe will.payload.withUnsafeBytes { bytes in
                unsafe mosquitto_will_set_v5(
                    client, will.topic, Int32(bytes.count), bytes.baseAddress, will.qos.rawValue,
                    will.isRetained, list)
            }
        }
        try check(status, "last will on \(will.topic)")
    }

    private func setTls(_ tls: MqttTls) throws(UpstreamError) {
        guard (tls.certificate == nil) == (tls.key == nil) else {
            throw UpstreamError(
                kind: .badMessage, detail: "tls: certificate and key must be given together")
        }
        for file in [tls.authority, tls.certificate, tls.key].compactMap(\.self) {
            // Sound: the call reads the path only.
            guard unsafe access(file, R_OK) == 0 else {
                throw UpstreamError(
                    kind: .badMessage, detail: "tls file \(file): \(errorWords(errno))")
            }
        }
        if tls.authority == nil {
            // Sound: the client lives.
            unsafe mosquitto_int_option(client, MOSQ_OPT_TLS_USE_OS_CERTS, 1)
            guard tls.certificate != nil else { return }
        }
        // Sound: the library copies the paths. A key with a pass phrase is refused instead of asked
        // for on the terminal.
        try check(
            unsafe mosquitto_tls_set(
                client, tls.authority, tls.authority == nil ? "/etc/ssl/certs" : nil,
                tls.certificate, tls.key, { _, _, _, _ in 0 }),
            "tls files")
    }

    private func check(_ status: Int32, _ what: String) throws(UpstreamError) {
        guard status != Int32(MOSQ_ERR_SUCCESS.rawValue) else { return }
        throw UpstreamError(kind: .badMessage, detail: "\(what): \(libraryWords(status))")
    }

    /// Looks the host up, which may block for a while, and begins to connect, which does not.
    /// - Returns: The library's status; `errno` tells more.
    func connect(keepAliveSeconds: Int) -> Int32 {
        // Sound: the client lives and the library copies the host.
        unsafe mosquitto_connect_async(
            client, settings.broker.host, Int32(settings.broker.port), Int32(keepAliveSeconds))
    }

    /// The connection's socket; −1 when there is none.
    var socket: Int32 {
        // Sound: the client lives.
        unsafe mosquitto_socket(client)
    }

    /// The process that listens at the other end, on a Unix socket.
    var listener: Int32 { tidegate_listener_of(socket) }

    /// What became of the socket's connection, as an error number; 0 when it is good.
    var socketError: Int32 {
        var number: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        // Sound: at most four bytes are written to `number`.
        let status = unsafe getsockopt(socket, SOL_SOCKET, SO_ERROR, &number, &size)
        return status == 0 ? number : errno
    }

    /// Has the kernel acknowledge at once what is read next.
    ///
    /// Without this it waits up to 40 ms for something to send along, and a broker that leaves Nagle's
    /// algorithm on, as mosquitto does, holds back its next small packet for as long. Measured with one
    /// event at a time on a default mosquitto: 44 ms from made to acknowledged, 2.7 ms without the wait.
    ///
    /// - Source: tcp(7), TCP_QUICKACK: the kernel forgets it again.
    func acknowledgeAtOnce() {
        var isOn: Int32 = 1
        // Sound: four bytes are read from `isOn`. A socket that is gone tells so elsewhere.
        _ = unsafe setsockopt(
            socket, Int32(IPPROTO_TCP), TCP_QUICKACK, &isOn, socklen_t(MemoryLayout<Int32>.size))
    }

    var wantsToWrite: Bool {
        // Sound: the client lives.
        unsafe mosquitto_want_write(client)
    }

    /// Reads and writes what can be, and keeps the connection up. Callbacks come out of here.
    /// - Returns: The library's status; anything but 0 tells that the connection is over.
    func work(canWrite: Bool, canRead: Bool) -> Int32 {
        // Sound: the client lives.
        if canRead {
            let status = unsafe mosquitto_loop_read(client, 1)
            guard status == 0, socket >= 0 else { return status }
        }
        if canWrite {
            let status = unsafe mosquitto_loop_write(client, 1)
            guard status == 0, socket >= 0 else { return status }
        }
        return keepUp()
    }

    /// Sends a ping when one is due.
    /// - Returns: As `work`.
    func keepUp() -> Int32 {
        // Sound: the client lives.
        unsafe mosquitto_loop_misc(client)
    }

    func publish(_ message: MqttMessage) -> Handover {
        var number: Int32 = 0
        let properties = MqttProperties(of: message)
        // Sound: the client lives, and the library copies all that it is lent.
        let client = unsafe client
        let status = unsafe properties.lend { list in
            unsafe message.payload.withUnsafeBytes { bytes in
                unsafe mosquitto_publish_v5(
                    client, &number, message.topic, Int32(clamping: bytes.count),
                    bytes.baseAddress, message.qos.rawValue, message.isRetained, list)
            }
        }
        return handover(status, number)
    }

    /// Messages that were published as retained are told apart, whether they are old or new.
    func subscribe(_ topic: String) -> Handover {
        var number: Int32 = 0
        // Sound: the library copies the topic.
        let status = unsafe mosquitto_subscribe_v5(
            client, &number, topic, settings.subscriptionQos.rawValue,
            Int32(MQTT_SUB_OPT_RETAIN_AS_PUBLISHED.rawValue), nil)
        return handover(status, number)
    }

    /// Only what no other try would mend is impossible.
    private func handover(_ status: Int32, _ number: Int32) -> Handover {
        switch mosq_err_t(rawValue: status) {
        case MOSQ_ERR_SUCCESS: .taken(number)
        case MOSQ_ERR_INVAL, MOSQ_ERR_MALFORMED_UTF8, MOSQ_ERR_PAYLOAD_SIZE,
            MOSQ_ERR_OVERSIZE_PACKET,
            MOSQ_ERR_QOS_NOT_SUPPORTED, MOSQ_ERR_RETAIN_NOT_SUPPORTED, MOSQ_ERR_NOT_SUPPORTED,
            MOSQ_ERR_DUPLICATE_PROPERTY, MOSQ_ERR_PROTOCOL:
            .impossible(libraryWords(status))
        default: .broken(status)
        }
    }

    /// Begins to say goodbye. The broker then publishes no last will.
    func disconnect() {
        // Sound: the client lives.
        unsafe mosquitto_disconnect(client)
    }
}

/// The library's words for a status, without their full stop.
func libraryWords(_ status: Int32) -> String {
    // Sound: the library answers a constant.
    let words = unsafe String(cString: mosquitto_strerror(status))
    return words.hasSuffix(".") ? String(words.dropLast()) : words
}

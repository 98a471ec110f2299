import Glibc
import Vocabulary

/// One address at which a broker may listen.
struct BrokerEndpoint: Hashable, Sendable {
    let family: Int32
    /// As connect(2) takes it.
    let address: [UInt8]
    /// As people write it, without the port.
    let text: String

    /// More than any broker's name has.
    private static let most = 16

    /// All addresses of a broker's name, in the order that the system recommends. Takes as long as the
    /// system's resolver does.
    ///
    /// - Throws: `.notConnected` when the name has none; `.badMessage` for a path that is too long.
    static func all(of broker: BrokerAddress) throws(UpstreamError) -> [BrokerEndpoint] {
        // A socket of this machine has a path and no port.
        if broker.port == 0 { return [try BrokerEndpoint(socket: broker.host)] }
        // Sound: no pointer in `hints` is set; `hints` is read and `list` written during the call.
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(broker.host, String(broker.port), &hints, &list)
        guard status == 0, let first = unsafe list else {
            let reason = unsafe String(cString: gai_strerror(status))
            throw UpstreamError(
                kind: .notConnected, detail: "cannot resolve \(broker.host) (\(reason))"
            )
        }
        // Sound: the list is freed once, after its last use; each entry lends its address for a copy.
        defer { unsafe freeaddrinfo(first) }
        var endpoints: [BrokerEndpoint] = []
        var next: UnsafeMutablePointer<addrinfo>? = unsafe first
        while let entry = unsafe next, endpoints.count < most {
            let endpoint = unsafe BrokerEndpoint(entry.pointee)
            if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
            unsafe next = entry.pointee.ai_next
        }
        return endpoints
    }

    /// Sound for an `entry` that getaddrinfo has filled in and nobody has freed.
    @unsafe private init(_ entry: addrinfo) {
        unsafe family = entry.ai_family
        unsafe address = Array(
            UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen)))
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = unsafe getnameinfo(
            entry.ai_addr, entry.ai_addrlen, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST)
        let bytes = name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
        text = status == 0 ? String(decoding: bytes, as: UTF8.self) : "?"
    }

    private init(socket path: String) throws(UpstreamError) {
        var place = sockaddr_un()
        place.sun_family = sa_family_t(AF_UNIX)
        // Sound: the copy stays within the structure, whose bytes are plain.
        let isCopied = unsafe withUnsafeMutableBytes(of: &place.sun_path) { bytes in
            guard path.utf8.count < bytes.count else { return false }
            unsafe bytes.copyBytes(from: path.utf8)
            return true
        }
        guard isCopied else {
            throw UpstreamError(
                kind: .badMessage, detail: "the path of the socket is too long: \(path)")
        }
        (family, text) = (AF_UNIX, path)
        address = unsafe withUnsafeBytes(of: &place) { unsafe Array($0) }
    }
}

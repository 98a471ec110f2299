import Glibc
import Vocabulary

/// A TCP port that the embedded broker listens on beside its private socket, with a login of its own.
public struct BrokerListener: Hashable, Sendable {
    /// Who logs in when the layout names nobody.
    public static let standardUser = "tidegate"

    /// A name or an address, without brackets.
    public let host: String
    public let port: UInt16
    public let user: String
    /// Nil for one that is made again each time that the broker starts.
    public let password: String?

    public init(host: String, port: UInt16, user: String = standardUser, password: String? = nil) {
        (self.host, self.port, self.user, self.password) = (host, port, user, password)
    }

    var address: BrokerAddress { BrokerAddress(host: host, port: port) }

    /// Why mosquitto could not open it now; nil when it could. Blocks while the name is looked up.
    var problem: String? {
        if let password, password.contains(":") || password.first == " " || password.last == " " {
            return "\(address): mosquitto rejects passwords with a colon, or a space at an end"
        }
        // Sound in these three: a record of zeros is a valid one, and it lives on this stack.
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_PASSIVE
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        // Sound: the hints live for the length of the call; the list is freed once, at the end.
        let status = unsafe getaddrinfo(host, "\(port)", &hints, &found)
        // Sound: the system answers a constant.
        guard status == 0 else {
            return unsafe "\(address): \(String(cString: gai_strerror(status)))"
        }
        defer { unsafe freeaddrinfo(found) }
        var next = unsafe found
        while let entry = unsafe next {
            if let problem = unsafe Self.problem(opening: entry) { return "\(address): \(problem)" }
            unsafe next = entry.pointee.ai_next
        }
        return nil
    }

    /// Opens the port for a moment, as mosquitto will.
    private static func problem(opening entry: UnsafeMutablePointer<addrinfo>) -> String? {
        // Sound: the entry and its address live while their list does, which the caller frees.
        let family = unsafe entry.pointee.ai_family
        let socket = Glibc.socket(
            family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        // What the kernel cannot do, mosquitto passes over.
        guard socket >= 0 else { return errno == EAFNOSUPPORT ? nil : errorDescription(errno) }
        defer { close(socket) }
        var yes: Int32 = 1
        // Sound: four bytes are read from `yes` during each call.
        _ = unsafe setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        if family == AF_INET6 {
            _ = unsafe setsockopt(socket, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &yes, 4)
        }
        // Sound: as above.
        guard unsafe bind(socket, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0,
            listen(socket, 1) == 0
        else { return errorDescription(errno) }
        return nil
    }
}

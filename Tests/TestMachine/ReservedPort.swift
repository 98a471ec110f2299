import Glibc

/// A port of the loopback address on which nobody listens yet, and which the kernel gives to nobody else
/// before this process ends.
///
/// It stays bound by a socket that does not listen. Whoever says that addresses may be used again, as
/// servers do, can listen on it; a connection to it is refused until then.
///
/// Source: socket(7), "SO_REUSEADDR".
public func reservedPort() throws -> UInt16 {
    let socket = Glibc.socket(
        AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var yes: Int32 = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(socket, $0, size) == 0 ? getsockname(socket, $0, &size) : -1
        }
    }
    guard status == 0 else { throw NoPort(number: errno) }
    return UInt16(bigEndian: address.sin_port)
}

/// The system has no port to give; with the number of its error.
struct NoPort: Error {
    let number: Int32
}

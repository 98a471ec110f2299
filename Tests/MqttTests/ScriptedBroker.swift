import Foundation
import Glibc
import Mqtt
import Vocabulary

/// A broker that answers the bytes a test sets, for what a real one does too seldom.
final class ScriptedBroker: Sendable {
    /// The type of a control packet and what follows its length.
    struct Packet {
        let type: UInt8
        let body: [UInt8]
    }

    static let connect: UInt8 = 1
    static let publish: UInt8 = 3
    static let subscribe: UInt8 = 8
    /// Login accepted, no properties.
    static let welcome: [UInt8] = [0x20, 3, 0, 0, 0]

    let port: UInt16
    /// For a client of it.
    var settings: MqttSettings {
        MqttSettings(broker: BrokerAddress(host: "127.0.0.1", port: port), clientID: "one")
    }
    private let listener: Int32

    /// - Parameters:
    ///   - isLast: Whether to hang up after the answer to a packet.
    ///   - answer: What to say to each packet; nil to hang up. Both run on a thread of its own.
    init(
        isLast: @escaping @Sendable (Packet) -> Bool = { _ in false },
        _ answer: @escaping @Sendable (Packet) -> [UInt8]?
    ) {
        let listener = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(listener, $0, size) == 0 && listen(listener, 4) == 0)
                getsockname(listener, $0, &size)
            }
        }
        (self.listener, port) = (listener, UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread {
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else {
                    // Closed here and not earlier, or somebody else's listener could get its number.
                    close(listener)
                    return
                }
                Self.serve(client, isLast, answer)
                close(client)
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private static func serve(
        _ client: Int32, _ isLast: (Packet) -> Bool, _ answer: (Packet) -> [UInt8]?
    ) {
        while let packet = readPacket(client), let reply = answer(packet) {
            guard reply.isEmpty || send(client, reply, reply.count, Int32(MSG_NOSIGNAL)) > 0
            else { return }
            if isLast(packet) { return }
        }
    }

    private static func readPacket(_ client: Int32) -> Packet? {
        guard let first = read(1, from: client)?.first else { return nil }
        var length = 0
        var shift = 0
        repeat {
            guard let byte = read(1, from: client)?.first else { return nil }
            length |= Int(byte & 0x7F) << shift
            shift += 7
            if byte & 0x80 == 0 { break }
        } while shift < 28
        guard let body = read(length, from: client) else { return nil }
        return Packet(type: first >> 4, body: body)
    }

    private static func read(_ count: Int, from client: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        guard count > 0 else { return bytes }
        return recv(client, &bytes, count, Int32(MSG_WAITALL)) == count ? bytes : nil
    }
}

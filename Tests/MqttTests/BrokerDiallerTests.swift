import Glibc
import Testing
import Vocabulary

@testable import Mqtt

/// Brokers whose name has several addresses.
@Suite struct `A name with several addresses` {
    private let broker = ScriptedBroker { _ in nil }

    private func place(_ host: String, _ port: UInt16) throws -> [BrokerEndpoint] {
        try BrokerEndpoint.all(of: BrokerAddress(host: host, port: port))
    }

    /// An address that drops every attempt to connect: its listener is full and never accepts.
    private func silentPlace() throws -> (places: [BrokerEndpoint], sockets: [Int32]) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(listener, $0, size) == 0 && listen(listener, 0) == 0)
                getsockname(listener, $0, &size)
            }
        }
        let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(connect(filler, $0, size) == 0)
            }
        }
        return (try place("127.0.0.1", UInt16(bigEndian: address.sin_port)), [listener, filler])
    }

    private func dial(_ places: [BrokerEndpoint], limit: Int32 = 30_000) throws -> BrokerEndpoint? {
        let exchange = MqttExchange(window: 1, inboxCapacity: 1)
        defer { withExtendedLifetime(exchange) {} }
        let dialler = BrokerDialler(headStart: 10, limit: limit)
        guard let (socket, place) = try dialler.dial(places, for: exchange, isOver: { false })
        else { return nil }
        close(socket)
        return place
    }

    @Test func `is tried at each of them, also of another kind, when the first one refuses`() throws
    {
        let good = try place("127.0.0.1", broker.port)
        let refused = try place("127.0.0.2", broker.port)
        #expect(try dial(refused + good) == good.first)
        #expect(try dial(good + refused) == good.first)
        #expect(try dial(try place("::1", broker.port) + good) == good.first)
    }

    @Test func `is not kept waiting by an address that is silent`() throws {
        let (silent, sockets) = try silentPlace()
        defer { for socket in sockets { close(socket) } }
        let good = try place("127.0.0.1", broker.port)
        #expect(try dial(silent + good) == good.first)
    }

    @Test func `is reported with what was wrong at each`() throws {
        let (silent, sockets) = try silentPlace()
        defer { for socket in sockets { close(socket) } }
        let refused = try place("127.0.0.2", broker.port) + place("127.0.0.3", broker.port)
        #expect {
            try dial(refused)
        } throws: {
            ($0 as? UpstreamError)?.detail
                == "127.0.0.2: Connection refused, 127.0.0.3: Connection refused"
        }
        #expect {
            try dial(refused + silent, limit: 20)
        } throws: {
            ($0 as? UpstreamError)?.detail.contains("no reply from 127.0.0.1") == true
        }
    }

    @Test func `may be the path of a socket`() throws {
        let folder = try Scratch.makeFolder()
        let path = "\(folder)/broker.sock"
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        let places = try place(path, 0)
        places[0].address.withUnsafeBytes { bytes in
            let address = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            #expect(
                bind(listener, address, socklen_t(bytes.count)) == 0 && listen(listener, 1) == 0)
        }
        #expect(try dial(places)?.text == path)
        #expect(throws: UpstreamError.self) {
            try place("/" + String(repeating: "x", count: 108), 0)
        }
    }
}

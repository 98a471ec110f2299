import Foundation
import Glibc
import TestMachine
import Testing
import Vocabulary

@testable import Brokers

// Its TCP port, which a layout may ask for.
extension EmbeddedBrokerTests {
    @Test func `a port lets in who knows its password, which is new at each start`() async throws {
        let port = try reservedPort()
        let broker = makeBroker(listener: BrokerListener(host: "127.0.0.1", port: port))
        var news = broker.news.makeAsyncIterator()
        broker.start()
        let first = try await place(&news)
        guard case .open(let login) = first.listener else {
            Issue.record("\(first.listener)")
            return
        }
        // The table of the kernel may leave one out while others come and go, and never has one too many.
        var seen: Set<UInt16> = []
        for _ in 0..<100 where !seen.contains(port) {
            seen.formUnion(openPorts(of: first.process))
        }
        #expect(seen == [port])
        #expect(login.address == BrokerAddress(host: "127.0.0.1", port: port))
        #expect(
            await enter(login.address, user: login.user, password: login.password)
                == .connected(sessionPresent: false))
        for (user, password) in [(login.user, "guess"), ("other", login.password), (nil, nil)] {
            guard case .refused = await enter(login.address, user: user, password: password) else {
                Issue.record("anybody gets in")
                return
            }
        }
        let file = try FileManager.default.attributesOfItem(atPath: "\(folder)/passwords")
        #expect(file[.posixPermissions] as? Int == 0o600)
        let text = try String(contentsOfFile: "\(folder)/passwords", encoding: .utf8)
        #expect(text.hasPrefix("tidegate:$") && !text.contains(login.password))
        #expect(!"\(login)".contains(login.password))
        kill(first.process, SIGKILL)
        _ = try await failure(&news)
        await clock.sleepers(1)
        clock.advance(by: EmbeddedBroker.restarting.first)
        guard case .open(let other) = try await place(&news).listener else {
            Issue.record("the port is not open any more")
            return
        }
        #expect(other.password != login.password)
        await broker.stop()
    }

    @Test func `a crowd on the port leaves the socket its place`() async throws {
        let port = try reservedPort()
        let broker = makeBroker(listener: BrokerListener(host: "127.0.0.1", port: port))
        var news = broker.news.makeAsyncIterator()
        broker.start()
        let place = try await place(&news)
        let crowd = (0..<100).map { _ in connectedSocket(to: port) }
        defer { for socket in crowd { close(socket) } }
        #expect(
            await enter(place.address, listener: place.process)
                == .connected(sessionPresent: false))
        #expect(descriptors(of: place.process) < 60)
        await broker.stop()
    }

    @Test
    func `a port that is taken is opened once it is free, and the socket does not wait for it`()
        async throws
    {
        let port = try reservedPort()
        let squatter = squat(on: port)
        let broker = makeBroker(listener: BrokerListener(host: "127.0.0.1", port: port))
        var news = broker.news.makeAsyncIterator()
        broker.start()
        let first = try await place(&news)
        guard case .failed(let why) = first.listener else {
            Issue.record("it listens on a port that is taken")
            return
        }
        #expect(why.contains("127.0.0.1:\(port)") && why.contains("in use"))
        await clock.sleepers(1)
        clock.advance(by: EmbeddedBroker.portPeriod)
        await clock.sleepers(1)
        #expect(await broker.process == first.process)
        // Also for the children of other tests, which hold it for a moment.
        shutdown(squatter, Int32(SHUT_RDWR))
        close(squatter)
        clock.advance(by: EmbeddedBroker.portPeriod)
        guard case .open = try await place(&news).listener else {
            Issue.record("the port is still closed")
            return
        }
        await broker.stop()
    }

    /// The TCP ports that a process listens on.
    func openPorts(of process: Int32) -> [UInt16] {
        let folder = "/proc/\(process)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let sockets = names.compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
        }
        let table = (try? String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)) ?? ""
        return table.split(separator: "\n").dropFirst().compactMap { line in
            let words = line.split(separator: " ")
            guard words[3] == "0A", sockets.contains("socket:[\(words[9])]") else { return nil }
            return words[1].split(separator: ":").last.flatMap { UInt16($0, radix: 16) }
        }
    }

    func descriptors(of process: Int32) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd"))?.count ?? .max
    }

    func connectedSocket(to port: UInt16) -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port)
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return socket
    }

    func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    /// Takes a port of the loopback address.
    func squat(on port: UInt16) -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        var address = loopback(port)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0)
            }
        }
        listen(socket, 1)
        return socket
    }
}

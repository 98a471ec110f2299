import Fakes
import Foundation
import Glibc
import Testing

@testable import Control

@Suite(.timeLimit(.minutes(10))) struct `The local control socket` {
    private let folder: SocketFolder

    init() throws { folder = try SocketFolder() }

    @Test func `has its owner, group and mode before a client can connect`() throws {
        let old = umask(0)
        defer { umask(old) }
        let own = try ControlSocket("\(folder.path)/own.sock", group: nil)
        #expect(try folder.mode(of: own.path) == 0o600)
        let shared = try ControlSocket("\(folder.path)/shared.sock", group: getegid())
        #expect(try folder.mode(of: shared.path) == 0o660)
        #expect(folder.names == ["own.sock", "shared.sock"])
        for socket in [own, shared] {
            close(socket.descriptor)
            socket.remove()
        }
        #expect(folder.names == [])
    }

    @Test func `that a killed gateway has left is replaced`() throws {
        let first = try ControlSocket(folder.socket, group: nil)
        close(first.descriptor)
        #expect(folder.names == ["house.sock"] && !ControlSocket.isUsed(at: folder.socket))
        let second = try ControlSocket(folder.socket, group: nil)
        #expect(ControlSocket.isUsed(at: folder.socket))
        // The file of the second is not the first's to take away.
        #expect(!first.isThere && second.isThere)
        first.remove()
        #expect(second.isThere)
        close(second.descriptor)
    }

    @Test func `that a living gateway listens at is left alone`() throws {
        let first = try ControlSocket(folder.socket, group: nil)
        let error = #expect(throws: ControlError.self) {
            try ControlSocket(folder.socket, group: nil)
        }
        #expect(error?.detail.contains("in use") == true)
        #expect(first.isThere)
        close(first.descriptor)
    }

    @Test func `is not made in the place of something else, or under too long a name`() throws {
        try Data("mine".utf8).write(to: URL(fileURLWithPath: folder.socket))
        #expect(throws: ControlError.self) { try ControlSocket(folder.socket, group: nil) }
        #expect(try String(contentsOfFile: folder.socket, encoding: .utf8) == "mine")
        let long = "\(folder.path)/\(String(repeating: "x", count: 100)).sock"
        let error = #expect(throws: ControlError.self) { try ControlSocket(long, group: nil) }
        #expect(error?.detail.contains("at most 103 bytes") == true)
    }

    @Test func `leaves nothing behind where it cannot be made`() throws {
        let error = #expect(throws: ControlError.self) {
            try ControlSocket("\(folder.path)/none/house.sock", group: nil)
        }
        #expect(error?.kind == .setting)
        #expect(folder.names == [])
    }
}

@Suite struct `The rights at the local control socket` {
    private let access = ControlAccess(owner: 990, group: 991)

    @Test(arguments: [
        (0, [0], true), (990, [990], true), (1000, [1000, 991], true), (1000, [991], true),
        (1000, [1000, 27], false), (65_534, [65_534], false),
    ])
    func `to switch are root's, the owner's and those of the group's members`(
        user: uid_t, groups: [gid_t], isAllowed: Bool
    ) {
        let rights = access.rights(of: ControlCaller(user: user, groups: Set(groups)))
        #expect(rights.contains(.read))
        #expect(rights.contains(.switch) == isAllowed)
    }

    @Test func `of a group do not exist without one`() {
        let alone = ControlAccess(owner: 990, group: nil)
        #expect(alone.rights(of: ControlCaller(user: 1000, groups: [0, 990])) == [.read])
    }

    @Test func `are those of the user and groups that the kernel has noted`() throws {
        var ends: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        let caller = try #require(ControlCaller(ends[0]))
        #expect(caller.user == geteuid() && caller.groups.contains(getegid()))
        var groups = [gid_t](repeating: 0, count: 1_000)
        let count = getgroups(1_000, &groups)
        #expect(caller.groups.isSuperset(of: groups.prefix(Int(count))))
        #expect(ControlCaller(-1) == nil)
    }
}

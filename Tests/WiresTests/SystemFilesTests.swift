import Conformance
import DriverKit
import Fakes
import Foundation
import Simulators
import Testing
import Wires

@Suite struct SystemFilesTests {
    @Test func `real files keep what drivers are promised`() throws {
        let folder = try FixtureFolder(AttributeFilesConformance.tree)
        #expect(AttributeFilesConformance.broken(by: folder.files) == [])
    }

    @Test func `simulated files keep the same promises`() {
        let tree = SimulatedWiring(clock: ManualClock()).tree
        for (path, text) in AttributeFilesConformance.tree { tree.set(path, text) }
        tree.setSpace(at: "/", FileSystemSpace(total: 100, available: 40))
        #expect(AttributeFilesConformance.broken(by: tree) == [])
    }

    @Test func `a file that holds more than 64 KiB is refused`() throws {
        let full = String(repeating: "x", count: SystemFiles.sizeLimit)
        let folder = try FixtureFolder(["/full": full, "/over": full + "x"])
        #expect(try folder.files.text(of: "/full") == full)
        let error = #expect(throws: DriverError.self) { try folder.files.text(of: "/over") }
        #expect(error?.kind == .malformedReply)
        #expect(error?.detail.contains("larger than 65536 bytes") == true)
    }

    @Test func `what is no text, and a folder, are bad replies`() throws {
        let folder = try FixtureFolder(["/folder/file": "x"])
        try Data([0xFF, 0xFE]).write(to: URL(fileURLWithPath: folder.path + "/bytes"))
        let bytes = #expect(throws: DriverError.self) { try folder.files.text(of: "/bytes") }
        #expect(bytes?.kind == .malformedReply)
        #expect(bytes?.detail == "\(folder.path)/bytes: is not UTF-8 text")
        let other = #expect(throws: DriverError.self) { try folder.files.text(of: "/folder") }
        #expect(other?.kind == .malformedReply)
        #expect(other?.detail == "\(folder.path)/folder: is a folder, not a file")
    }

    @Test func `a pipe in the place of a file does not block`() throws {
        let folder = try FixtureFolder(["/file": "x"])
        try #require(mkfifo(folder.path + "/pipe", 0o600) == 0)
        #expect(try folder.files.text(of: "/pipe") == "")
        let writer = open(folder.path + "/pipe", O_RDWR | O_CLOEXEC)
        defer { close(writer) }
        let error = #expect(throws: DriverError.self) { try folder.files.text(of: "/pipe") }
        #expect(error?.kind == .malformedReply)
    }

    @Test func `a path through a file is not there`() throws {
        let folder = try FixtureFolder(["/file": "x"])
        for ask in [folder.files.text(of:), { try folder.files.names(in: $0).joined() }] {
            let error = #expect(throws: DriverError.self) { try ask("/file/below") }
            #expect(error?.kind == .notConnected)
            #expect(error?.detail == "\(folder.path)/file/below: does not exist")
        }
    }

    @Test func `a file that may not be read says permission denied`() throws {
        let folder = try FixtureFolder(["/secret": "x"])
        try FileManager.default.setAttributes(
            [.posixPermissions: 0], ofItemAtPath: folder.path + "/secret")
        // Root may read everything, unless this thread is somebody else for the files' sake.
        let setUser = unsafeBitCast(
            try #require(dlsym(nil, "setfsuid")), to: (@convention(c) (UInt32) -> Int32).self)
        let own = setUser(65_534)
        defer { _ = setUser(UInt32(own)) }
        let error = #expect(throws: DriverError.self) { try folder.files.text(of: "/secret") }
        #expect(error?.kind == .notConnected)
        #expect(error?.detail == "\(folder.path)/secret: permission denied")
    }

    @Test func `a device that is gone is not connected`() throws {
        let folder = try FixtureFolder([:])
        // Opening a socket as a file answers ENXIO, as a device without hardware does.
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: Array((folder.path + "/device").utf8))
        }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        let error = #expect(throws: DriverError.self) { try folder.files.text(of: "/device") }
        #expect(error?.kind == .notConnected)
        #expect(error?.detail == "\(folder.path)/device: the device behind it is gone")
    }

    @Test func `a device that does not answer the kernel is a bad reply`() {
        // The memory of a process has nothing at address 0 and answers EIO.
        let error = #expect(throws: DriverError.self) {
            try SystemFiles().text(of: "/proc/self/mem")
        }
        #expect(error?.kind == .malformedReply)
        #expect(
            error?.detail == "/proc/self/mem: the kernel could not reach the device behind it")
    }

    @Test func `no file stays open`() throws {
        let folder = try FixtureFolder(["/file": "x"])
        for _ in 0..<2_000 {
            _ = try folder.files.text(of: "/file")
            _ = try folder.files.names(in: "/")
            _ = try? folder.files.text(of: "/absent")
        }
        let own = "/proc/self/fd"
        let open = try FileManager.default.contentsOfDirectory(atPath: own).filter {
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(own)/\($0)")
            return target?.hasPrefix(folder.path) == true
        }
        #expect(open == [])
    }

    @Test func `the space of a file system is the kernel's own count`() throws {
        let known = try FileManager.default.attributesOfFileSystem(forPath: "/")
        let space = try SystemFiles().space(at: "/")
        #expect(space.total == (known[.systemSize] as? NSNumber)?.int64Value)
        #expect((1...space.total).contains(space.available))
        let error = #expect(throws: DriverError.self) { try SystemFiles().space(at: "/no/where") }
        #expect(error?.kind == .notConnected)
    }
}

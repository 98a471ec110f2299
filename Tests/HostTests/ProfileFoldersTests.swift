import Foundation
import Host
import Layouts
import Testing

@Suite struct `The folders of profiles` {
    private let folder = FileManager.default.temporaryDirectory
        .appending(component: "tidegate-profiles-" + UUID().uuidString)

    private func write(_ text: String, _ path: String, mode: Int = 0o644) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    }

    private func content(_ finding: ProfileFiles.Finding) -> String {
        switch finding {
        case .missing: "missing"
        case .unusable(let detail): detail.replacing(folder.path, with: "")
        case .file(let path, let bytes):
            path.replacing(folder.path, with: "") + ": " + String(decoding: bytes, as: UTF8.self)
        }
    }

    @Test func `are asked in their order`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("one", "a/x.json")
        try write("two", "b/x.json")
        try write("three", "b/y.json")
        try write("no name", "b/Not A Name.json")
        let files = ProfileFolders.files(in: ["a", "b", "c"].map { folder.path + "/" + $0 })
        #expect(content(files.find("x")) == "/a/x.json: one")
        #expect(content(files.find("y")) == "/b/y.json: three")
        #expect(content(files.find("z")) == "missing")
        // One that may not be looked at, or is no file, is not passed over for another of its name.
        try FileManager.default.createDirectory(
            at: folder.appending(path: "a/y.json"), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
        #expect(content(files.find("y")) == "/a/y.json: Is a directory")
        #expect(files.names() == ["x", "y"])
    }

    @Test func `begin with the one beside the layout`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("mine", "profiles/x.json")
        let files = ProfileFolders.files(beside: folder.path + "/house.json")
        #expect(content(files.find("x")) == "/profiles/x.json: mine")
    }

    @Test func `give nothing that all users may write, and nothing too large`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("open", "a/x.json", mode: 0o666)
        try write(String(repeating: " ", count: ProfileFolders.longest + 1), "a/y.json")
        try write("good", "b/z.json")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o777], ofItemAtPath: folder.path + "/b")
        let files = ProfileFolders.files(in: ["a", "b"].map { folder.path + "/" + $0 })
        #expect(
            content(files.find("x"))
                == "/a/x.json: may be written by all users; chmod o-w /a/x.json")
        #expect(content(files.find("y")) == "/a/y.json: is larger than 262144 bytes")
        #expect(content(files.find("z")) == "/b: may be written by all users; chmod o-w /b")
    }

    @Test func `are closed to a service by a file or a folder that not all may read`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write("mine", "a/x.json", mode: 0o600)
        try write("other", "b/x.json")
        try write("open", "b/y.json")
        func closed(_ names: [String]) -> [String] {
            ProfileFolders.closed(names, in: ["a", "b", "c"].map { folder.path + "/" + $0 })
                .map { $0.replacing(folder.path, with: "") }
        }
        #expect(closed(["x", "y", "z"]) == ["/a/x.json"])
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: folder.path + "/a/x.json")
        #expect(closed(["x", "y", "z"]) == [])
        // Whether it holds a file of a built-in name, only who may enter it knows.
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o700], ofItemAtPath: folder.path + "/a")
        #expect(closed(["y"]) == ["/a"])
        #expect(closed([]) == [])
    }
}

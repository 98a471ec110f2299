import ArgumentParser
import Glibc
import Host
import Layouts
import Vocabulary

package struct ServiceCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "service", abstract: "Print a systemd unit that runs a layout.",
        discussion: """
            The unit starts the gateway at boot, restarts it when it ends or hangs, and restricts it to \
            its work. It counts as started once its nodes run and each relay has confirmed its safe \
            state, within five seconds. A relay without a device is not waited for. The status names each \
            relay without a confirmed safe state. A stop has ten seconds, of \
            which relays take at most five.

            Secret files of the layout may be readable by root only: systemd passes them on. Print the unit \
            again when the layout names other files. To install it:
            tidegate service /etc/tidegate/house.json | sudo tee /etc/systemd/system/tidegate.service
            """)

    @Argument(help: "The layout file.", completion: .file(extensions: ["json"]))
    package var layout: String

    package init() {}

    package func run() throws {
        let path = try absolute(layout)
        let (loaded, _, profiles) = try LoadedLayout.checked(path)
        guard let program = Machine.program else {
            Output.error("tidegate: cannot determine the path of this executable")
            throw ExitStatus.software.code
        }
        let unit = ServiceUnit(
            program: program, layout: path,
            groups: (ServiceUnit.hardwareGroups + [RunFolder.group]).filter(Machine.hasGroup),
            secrets: loaded.secrets)
        unit.lines.forEach(Output.line)
        let closed = ProfileFolders.closed(profiles, in: ProfileFolders.folders(beside: path))
        for file in closed { Output.error("tidegate: \(file): \(Self.unreadable)") }
        for file in [path] + loaded.publicFiles where !Machine.isReadableByAll(file) {
            Output.error("tidegate: \(file): \(Self.unreadable)")
        }
        if let device = loaded.settings.watchdogDevice {
            Output.error(
                "tidegate: settings.watchdogDevice \(device): usually only root may open it; let systemd feed it instead "
                    + "(RuntimeWatchdogSec= in /etc/systemd/system.conf), or give it to the service's groups "
                    + "by a udev rule")
        }
    }

    private static let unreadable =
        "the service's user cannot read it; "
        + "give read permission to others, and search permission on the folders above it"

    private func absolute(_ path: String) throws -> String {
        // Sound: the buffer that realpath makes is copied, and freed once.
        guard let found = unsafe realpath(path, nil) else {
            Output.error("tidegate: cannot read \(path)")
            throw ExitStatus.noInput.code
        }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }
}

extension HardwareLayout {
    /// Where its secrets stand, each once.
    fileprivate var secrets: [SecretSource] {
        let key = peers.flatMap { $0.usesTls ? $0.key : nil }
        let ofUpstreams: [SecretSource?] = upstreams.flatMap { [$0.password, $0.tls?.key] }
        let ofWeb: [SecretSource?] = [web?.password, web?.tls?.key]
        let all =
            ofUpstreams + [key.map(SecretSource.file)] + ofWeb
            + (web?.tokens ?? []).map(\.secret)
        var seen: Set<SecretSource> = []
        return all.compactMap(\.self).filter { seen.insert($0).inserted }
    }

    /// The other files that it names and that the gateway only reads.
    fileprivate var publicFiles: [String] {
        let ofUpstreams: [String?] = upstreams.flatMap { [$0.tls?.ca, $0.tls?.certificate] }
        return (ofUpstreams + [web?.tls?.certificate]).compactMap(\.self)
    }
}

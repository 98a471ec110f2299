import ArgumentParser
import Glibc
import Layouts
import Vocabulary

struct ServiceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service", abstract: "Print a systemd unit that runs a layout.",
        discussion: """
            The unit starts the gateway at boot and again whenever it ends or hangs, and lets it do nothing \
            but its work. It counts as started once its nodes run and each relay has confirmed its safe \
            state; a relay whose device is open or hangs is waited for up to five seconds, one whose device \
            is not there is not, and the status names those that are not safe. A stop has ten seconds, of \
            which relays take at most five.

            Files of secrets that the layout names may be root's alone: systemd hands them over. Print the unit \
            again when the layout names other ones. To install it:
            tidegate service /etc/tidegate/house.json | sudo tee /etc/systemd/system/tidegate.service
            """)

    @Argument(help: "The layout file.", completion: .file(extensions: ["json"]))
    var layout: String

    func run() throws {
        let path = try absolute(layout)
        let loaded = try LoadedLayout.valid(path)
        guard let program = Machine.program else {
            Output.error("tidegate: cannot tell where this program lies")
            throw ExitStatus.software.code
        }
        let unit = ServiceUnit(
            program: program, layout: path,
            groups: ServiceUnit.hardwareGroups.filter(Machine.hasGroup), secrets: loaded.secrets)
        unit.lines.forEach(Output.line)
        for file in [path] + loaded.publicFiles where !Machine.isReadableByAll(file) {
            Output.error(
                "tidegate: \(file): the service's user cannot read it; "
                    + "let others read it, and enter the folders above it")
        }
        if let device = loaded.settings.watchdogDevice {
            Output.error(
                "tidegate: settings.watchdogDevice \(device): mostly root's alone; let systemd feed it instead "
                    + "(RuntimeWatchdogSec= in /etc/systemd/system.conf), or give it to the service's groups "
                    + "by a udev rule")
        }
    }

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
        let all =
            upstreams.flatMap { [$0.password, $0.tls?.key] } + [key.map(SecretSource.file)]
        var seen: Set<SecretSource> = []
        return all.compactMap(\.self).filter { seen.insert($0).inserted }
    }

    /// The other files that it names and that the gateway only reads.
    fileprivate var publicFiles: [String] {
        upstreams.flatMap { [$0.tls?.ca, $0.tls?.certificate] }.compactMap(\.self)
    }
}

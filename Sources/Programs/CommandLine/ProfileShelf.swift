import Documents
import DriverKit
import Drivers
import Host
import Layouts
import Vocabulary

/// The profiles that layouts may name, as `tidegate drivers` shows them.
struct ProfileShelf {
    private struct Found {
        let profile: DeviceProfile
        /// Its file; nil for one that comes with Tidegate.
        let path: String?

        var origin: String {
            guard let path else { return "built in" }
            let isOther = DeviceProfile.builtInNames.contains(profile.name)
            return path + (isOther ? ", in place of the built-in one" : "")
        }
    }

    private let files: ProfileFiles
    /// What looks at these profiles, before `--profile`.
    private let command: String

    /// - Parameter layout: The layout beside which profiles are looked for as well.
    init(layout: String?) {
        files = ProfileFolders.files(beside: layout)
        command = "tidegate drivers" + (layout.map { " --layout \($0.shellWord)" } ?? "")
    }

    /// One line for each profile.
    func list() {
        var table = Table("PROFILE", "REGISTERS", "DEVICE", "FROM")
        for name in Set(DeviceProfile.builtInNames + files.names()).sorted() {
            do throws(MachineError) {
                let found = try find(name)
                table.add(
                    name, "\(found.profile.registers.count)", found.profile.title, found.origin)
            } catch {
                table.add(
                    name, "", "has mistakes; `\(command) --profile \(name)` shows them",
                    path(of: name))
            }
        }
        table.lines.forEach(Output.line)
    }

    private func path(of name: String) -> String {
        if case .file(let path, _) = files.find(name) { path } else { "" }
    }

    /// Everything that a profile says.
    func show(_ name: String) throws {
        let found: Found
        do throws(MachineError) {
            found = try find(name)
        } catch {
            error.detail.split(separator: "\n").forEach { Output.error("tidegate: \($0)") }
            throw ExitStatus.failure.code
        }
        let profile = found.profile
        Output.line("\(profile.name): \(profile.title)")
        Output.line("  from: \(found.origin)")
        Output.line("  devices: \(profile.maker) \(profile.models.joined(separator: ", "))")
        Output.line("  source: \(profile.source)")
        for note in profile.notes { Output.line("  note: \(note)") }
        var table = Table(
            "  SOURCE", "UNIT", "STEP", "POLL", "FUNCTION", "ADDRESS", "TYPE", "ORDER", "SCALE",
            "WHAT")
        for register in profile.registers {
            let channel = register.channel
            table.add(
                "  \(channel.source)", channel.unit.rawValue, "10^\(channel.exponent)",
                channel.pollPeriod.layoutText,
                register.function == .inputRegisters ? "input" : "holding",
                "\(register.address)", register.form.rawValue, register.order.rawValue,
                "\(register.scale)", channel.title)
        }
        table.lines.forEach(Output.line)
    }

    /// - Throws: What is wrong, one line for each mistake.
    private func find(_ name: String) throws(MachineError) -> Found {
        guard ProfileForm.isName(name) else {
            guard name.contains("/") || name.hasSuffix(".json") else { throw unknown(name) }
            let file = name.split(separator: "/").last ?? ""
            let known = file.hasSuffix(".json") ? file.dropLast(".json".utf8.count) : file
            return try read(String(known), ProfileFolders.found(at: name))
        }
        return try read(name, files.find(name))
    }

    private func read(
        _ name: String, _ finding: ProfileFiles.Finding
    ) throws(MachineError) -> Found {
        switch finding {
        case .file(let path, let bytes):
            let (profile, problems) = DeviceProfile.read(name, bytes)
            guard let profile else {
                throw MachineError(problems.lines(about: path).joined(separator: "\n"))
            }
            return Found(profile: profile, path: path)
        case .unusable(let detail): throw MachineError(detail)
        case .missing:
            guard let profile = DeviceProfile.builtIn(name) else { throw unknown(name) }
            return Found(profile: profile, path: nil)
        }
    }

    private func unknown(_ name: String) -> MachineError {
        let names = DeviceProfile.builtInNames + files.names()
        return MachineError(
            "profile \(name) is unknown\(didYouMean(name, among: names)); "
                + "`\(files.listing)` lists all")
    }
}

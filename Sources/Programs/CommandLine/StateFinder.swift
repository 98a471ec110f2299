import Glibc
import Host
import Vocabulary

/// Finds the state directory of a gateway that was not named: this user's, or that of the service.
struct StateFinder {
    /// Where systemd keeps the state of the unit that `tidegate service` prints.
    ///
    /// Source: systemd.exec(5), StateDirectory=.
    static let service = "/var/lib/tidegate"

    /// When something of that path was written last; nil when it is not there, or not for this user.
    let written: (String) -> Int64?
    /// The names in a folder.
    let names: (String) -> [String]
    let environment: (String) -> String?
    let service: String

    init(
        written: @escaping (String) -> Int64? = { Machine.stamp(of: $0)?.seconds },
        names: @escaping (String) -> [String] = Machine.names,
        environment: @escaping (String) -> String? = Machine.environment,
        service: String = StateFinder.service
    ) {
        (self.written, self.names) = (written, names)
        (self.environment, self.service) = (environment, service)
    }

    /// The directories that hold a file of that name, the one that was written last first.
    ///
    /// - Parameter gateway: Nil for those of any gateway.
    func directories(with file: String, of gateway: GatewayName?) -> [String] {
        let own = ResolvedSettings.standardStateDirectory(environment, name: gateway?.text ?? "")
        let named = gateway.map { [own, "\(service)/\($0)"] }
        let places =
            named
            ?? ([own, service].flatMap { base in names(base).map { join(base, $0) } } + [own])
        var seen: Set<String> = []
        return (places + [service]).filter { seen.insert($0).inserted }
            .compactMap { place in written(join(place, file)).map { (place, $0) } }
            .sorted { ($1.1, $0.0) < ($0.1, $1.0) }.map(\.0)
    }

    /// Where a gateway's own key and list of peers belong: this user's directory when there is one, else the
    /// service's when there is one.
    func home(of gateway: GatewayName) -> String {
        let own = ResolvedSettings.standardStateDirectory(environment, name: gateway.text)
        return written(own) == nil && written("\(service)/.") != nil ? service : own
    }

    private func join(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }
}

extension StateFinder {
    /// Whether a service keeps state here that this user may not look into.
    static var isServiceClosed: Bool {
        var status = stat()
        // Sound: the calls read the path and fill in `status`, which lives on this stack.
        let isThere = unsafe lstat(service, &status) == 0
        return unsafe isThere && access("\(service)/.", R_OK | X_OK) != 0
    }
}

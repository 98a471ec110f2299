import Vocabulary

extension LayoutReader {
    func readJournal() -> JournalSettings {
        guard let section = document.section("journal", .journal),
            let commitInterval = section.duration("commitInterval"),
            let retain = section.duration("retain"),
            let size = section.text("size").flatMap(JournalSettings.bytes)
        else { return .standard }
        return JournalSettings(commitInterval: commitInterval, retain: retain, size: size)
    }

    func readSettings() -> RunSettings {
        guard let section = document.section("settings", .settings) else {
            return RunSettings(
                logLevel: nil, logFormat: nil, stateDirectory: nil, seed: nil, simulate: nil,
                watchdogDevice: nil)
        }
        return RunSettings(
            logLevel: section.text("logLevel"), logFormat: section.text("logFormat"),
            stateDirectory: section.text("stateDirectory"),
            seed: section.whole("seed").flatMap(UInt64.init(exactly:)),
            simulate: section.flag("simulate"), watchdogDevice: section.text("watchdogDevice"))
    }
}

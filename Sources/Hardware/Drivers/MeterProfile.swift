import Documents
import DriverKit
import Vocabulary

/// The register map of one meter model, as data.
public struct MeterProfile: Sendable {
    /// What layouts write: `"eastron-sdm120"`.
    public let name: String
    /// The meter, in a short phrase.
    public let title: String
    /// The maker's document behind it.
    public let source: String
    let limits: RegisterLimits
    public let registers: [Register]
}

extension MeterProfile {
    /// The profiles that come with Tidegate, in alphabetical order.
    public static let shipped: [MeterProfile] = [
        known("eastron-sdm120", PackageResources.eastron_sdm120_json),
        known("eastron-sdm630", PackageResources.eastron_sdm630_json),
    ]

    /// A profile is part of the program; one that cannot be read is a bug.
    private static func known(_ name: String, _ bytes: [UInt8]) -> MeterProfile {
        do throws(DriverError) {
            return try MeterProfile(name: name, json: bytes)
        } catch {
            preconditionFailure("profile \(name): \(error.detail)")
        }
    }

    private static let described = [
        SettingDescription("title", .text, "The meter, in a short phrase."),
        SettingDescription("source", .text, "The maker's document behind it."),
        SettingDescription("maxWords", .whole(1...125), "The most words in one request."),
        SettingDescription(
            "maxGap", .whole(0...125), "The most unused words read between two used ones."),
        SettingDescription(
            "registers", .list(.group(RegisterSettings.described)), "What the meter measures."),
    ]

    /// - Throws: `.invalidComponent`, naming all that is wrong with the text.
    init(name: String, json: [UInt8]) throws(DriverError) {
        let (document, problems) = JsonParser.parse(json)
        let all =
            problems
            + (document.map { SettingDescription.problems(in: $0, described: Self.described) }
                ?? [])
        guard let document, all.isEmpty else {
            throw DriverError(
                .invalidComponent, all.map(\.description).joined(separator: "; "))
        }
        let settings = Settings(document, described: Self.described)
        self.name = name
        title = try settings.text("title")
        source = try settings.text("source")
        limits = RegisterLimits(
            maxWords: Int(try settings.whole("maxWords")),
            maxGap: Int(try settings.whole("maxGap")))
        registers = try RegisterSettings.registers(in: settings["registers"]?.list ?? [])
    }
}

import Documents
import Foundation
import Imports
import Testing

/// The hand-written GridWorks layout with one of everything, and what may be done to it.
enum Sample {
    static let text: String = {
        let url = Bundle.module.url(forResource: "Samples/house", withExtension: "json")
        return (try? String(contentsOf: url!, encoding: .utf8)) ?? ""
    }()

    /// The sample with the first occurrence of one text in the place of another.
    static func with(_ old: String, _ new: String) -> String {
        guard let range = text.range(of: old) else {
            Issue.record("the sample does not hold \(old)")
            return text
        }
        return text.replacingCharacters(in: range, with: new)
    }

    static func problems(_ text: String) -> [String] {
        GridworksLayout.read(Array(text.utf8)).problems.map(\.description)
    }

    static func imported(_ text: String = text, hasUpstream: Bool = false) throws -> LayoutImport {
        let (layout, problems) = GridworksLayout.read(Array(text.utf8))
        #expect(problems.map(\.description) == [])
        return LayoutImport(try #require(layout), hasUpstream: hasUpstream)
    }
}

/// Reading what was written, as any reader of such text would.
enum JsonDocument {
    static func parse(_ text: String) -> (document: JsonNode?, problems: [Problem]) {
        JsonParser.parse(Array(text.utf8))
    }
}

import Documents
import DriverKit
import Vocabulary

/// The layout's form as a JSON Schema, for editors that complete and check while one types.
///
/// It knows the keys and forms. What fits together, only `LayoutReader` knows.
public enum LayoutSchema {
    private typealias Members = [(name: String, value: JsonValue)]

    /// The schema of layouts that may ask for the drivers of `registry` and for `codecs`; ends with a newline.
    ///
    /// - Source: JSON Schema 2020-12, core and validation.
    public static func text(registry: DriverRegistry, codecs: CodecRegistry) -> String {
        let head: Members = [
            ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
            ("title", .text("Tidegate hardware layout")),
        ]
        let definitions: Members = [
            ("component", component(registry)),
            ("secret", secret),
        ]
        let document = JsonValue.object(
            head + members(of: .layout(codecs)) + [("$defs", .object(definitions))])
        return document.prettyText + "\n"
    }

    // MARK: Sections

    private static func members(of section: LayoutSection) -> Members {
        let properties = section.keys.map { key in
            (
                name: key.name,
                value: described(schema(of: key.form), key.help, defaultValue(of: key))
            )
        }
        let required = section.keys.compactMap { key -> JsonValue? in
            guard case .required = key.need else { return nil }
            return .text(key.name)
        }
        return object(properties, required: required) + section.schemaRules
    }

    private static func object(_ properties: Members, required: [JsonValue]) -> Members {
        var members: Members = [
            ("type", .text("object")), ("properties", .object(properties)),
        ]
        if !required.isEmpty { members.append(("required", .array(required))) }
        members.append(("additionalProperties", .flag(false)))
        return members
    }

    private static func defaultValue(of key: LayoutKey) -> JsonValue? {
        if case .defaults(let value) = key.need { value } else { nil }
    }

    private static func described(
        _ schema: Members, _ help: String, _ defaultValue: JsonValue?
    ) -> JsonValue {
        var members: Members = [("description", .text(help))] + schema
        if let defaultValue { members.append(("default", defaultValue)) }
        return .object(members)
    }

    private static func schema(of form: KeyForm) -> Members {
        switch form {
        case .value(let form): schema(of: form)
        case .text(let form): [("type", .text("string"))] + form.schema
        case .texts(let form):
            [
                ("type", .text("array")),
                ("items", .object([("type", .text("string"))] + form.schema)),
            ]
        case .number(let numbers): [("enum", .array(numbers.map { .whole($0) }))]
        case .secret: [("$ref", .text("#/$defs/secret"))]
        case .component:
            [
                (
                    "oneOf",
                    .array([
                        .object(schema(of: .text(.name(ComponentTag.self)))),
                        .object([
                            ("$ref", .text("#/$defs/component")),
                            ("properties", .object([("name", .flag(false))])),
                        ]),
                    ])
                )
            ]
        case .components(let most):
            [
                ("type", .text("array")), ("maxItems", .whole(most)),
                (
                    "items",
                    .object([
                        ("$ref", .text("#/$defs/component")),
                        ("required", .array([.text("name")])),
                    ])
                ),
            ]
        case .section(let section): members(of: section)
        case .sections(let section, let most):
            [("type", .text("array"))] + (most.map { [("maxItems", .whole($0))] } ?? [])
                + [("items", .object(members(of: section)))]
        }
    }

    // MARK: Components

    /// One branch for each driver, chosen by the word in `driver`.
    private static func component(_ registry: DriverRegistry) -> JsonValue {
        let models = registry.drivers.map { JsonValue.text($0.model.text) }
        let branches = registry.drivers.map { driver in
            let isModel = JsonValue.object([
                (
                    "properties",
                    .object([("driver", .object([("const", .text(driver.model.text))]))])
                )
            ])
            return JsonValue.object([
                ("if", isModel), ("then", .object(branch(driver.description))),
            ])
        }
        var members: Members = [
            ("type", .text("object")),
            ("properties", .object([("driver", .object([("enum", .array(models))]))])),
            ("required", .array([.text("driver")])),
        ]
        if !branches.isEmpty { members.append(("allOf", .array(branches))) }
        return .object(members)
    }

    private static func branch(_ driver: DriverDescription) -> Members {
        let common = LayoutSection.component.keys.map { key in
            let form: Members =
                key.name == "driver" ? [("const", .text(driver.model.text))] : schema(of: key.form)
            let help = key.name == "driver" ? driver.title : key.help
            return (name: key.name, value: described(form, help, defaultValue(of: key)))
        }
        return object(
            common + driver.settings.map(property), required: required(driver.settings))
    }

    private static func property(
        _ setting: SettingDescription
    ) -> (name: String, value: JsonValue) {
        let value = described(schema(of: setting.form), setting.help, setting.defaultValue)
        return (setting.name, value)
    }

    private static func required(_ settings: [SettingDescription]) -> [JsonValue] {
        settings.filter { $0.defaultValue == nil && !$0.isOptional }.map { .text($0.name) }
    }

    private static func schema(of form: SettingForm) -> Members {
        switch form {
        case .text: [("type", .text("string")), ("minLength", .whole(1))]
        case .choice(let words): [("enum", .array(words.map { .text($0) }))]
        case .flag: [("type", .text("boolean"))]
        case .profile(let form):
            // Editors complete the names of the built-in ones; a file of the user's may have another.
            [
                (
                    "anyOf",
                    .array([
                        .object([("enum", .array(form.builtIn.map { .text($0) }))]),
                        .object([
                            ("type", .text("string")), ("pattern", .text("^[a-z0-9-]{1,64}$")),
                        ]),
                    ])
                )
            ]
        case .whole(let range):
            [
                ("type", .text("integer")), ("minimum", .whole(range.lowerBound)),
                ("maximum", .whole(range.upperBound)),
            ]
        case .decimal: [("type", .text("number"))]
        case .duration:
            [
                ("type", .text("string")),
                ("pattern", .text("^[0-9]+(\\.[0-9]+)? *(ms|s|min|h|d)$")),
            ]
        case .line:
            [("type", .text("string")), ("pattern", .text("^([^/]+/)*[^/]+$"))]
        case .rawNumber:
            [
                ("type", .array([.text("integer"), .text("string")])),
                ("pattern", .text("^0x[0-9A-Fa-f]{1,16}$")),
            ]
        case .unit: schema(of: .whole(0...255))
        case .bus: schema(of: .text(.name(BusTag.self)))
        case .list(let form):
            [
                ("type", .text("array")), ("maxItems", .whole(SettingForm.longestList)),
                ("items", .object(schema(of: form))),
            ]
        case .group(let settings):
            object(settings.map(property), required: required(settings))
        }
    }

    private static let secret = JsonValue.object(
        object(
            [
                ("file", described([("type", .text("string"))], "A file's first line.", nil)),
                (
                    "environment",
                    described([("type", .text("string"))], "An environment variable.", nil)
                ),
                (
                    "credential",
                    described([("type", .text("string"))], "A credential of systemd.", nil)
                ),
            ], required: []) + [("minProperties", .whole(1)), ("maxProperties", .whole(1))])
}

import Documents
import DriverKit
import Vocabulary

extension LayoutSection {
    /// Everything in `node` that is not of this section's form: unknown and missing keys, wrong values.
    func problems(in node: JsonNode) -> ProblemList {
        guard let members = node.group else {
            return [Problem(node.place, "must be an object, \(noun), not \(node.value.noun)")]
        }
        var problems = ProblemList()
        for member in members {
            guard let key = keys.first(where: { $0.name == member.name }) else {
                problems.append(Problem(member.namePlace, unknown(member.name)))
                continue
            }
            problems += key.form.problems(in: member.node)
        }
        for key in keys {
            guard case .required = key.need, node[key.name] == nil else { continue }
            problems.append(Problem(node.place, "\(key.name) is missing: \(key.form.words)"))
        }
        return problems
    }

    /// The lists in `node` that are longer than a gateway could be. No more is to be looked for then: what
    /// follows may cost as much as one list times another.
    func tooMany(in node: JsonNode) -> ProblemList {
        keys.problems { key in
            switch key.form {
            case .sections(_, let most?), .components(let most):
                guard let list = node[key.name], let count = list.list?.count, count > most
                else { return [] }
                return [Problem(list.place, "has \(count) \(key.name); the most is \(most)")]
            default: return []
            }
        }
    }

    /// What to say of a key that this section does not know.
    func unknown(_ name: String, besides others: [String] = []) -> String {
        let known = keys.map(\.name) + others
        if let advice = FormerKeys.advice(for: name, among: known) { return advice }
        // Buses have one, too; who writes it into a node means its component.
        if name == "simulated", !known.contains(name) {
            return "is unknown in \(noun); write it in the component: "
                + "{\"driver\": …, \"simulated\": true}"
        }
        if suggestion(for: name, among: known) == nil,
            let home = (LayoutSection.all + inner).first(where: {
                $0.keys.contains { $0.name == name }
            })
        {
            return "is unknown in \(noun); it belongs in \(home.noun)"
        }
        return "is unknown in \(noun)" + didYouMean(name, among: known)
    }
}

extension LayoutSection {
    /// The sections that may stand in this one, however deep.
    private var inner: [LayoutSection] {
        keys.flatMap { key -> [LayoutSection] in
            switch key.form {
            case .section(let section), .sections(let section, _): [section] + section.inner
            default: []
            }
        }
    }
}

extension KeyForm {
    /// Everything in `node` that is not of this form. Empty when all is well.
    func problems(in node: JsonNode) -> ProblemList {
        // What stood here was a secret and has been reported.
        if node.text == LayoutSecrets.removed { return [] }
        switch (self, node.value) {
        case (.value(let form), _):
            return form.problems(in: node)
        case (.text(let form), .text(let text)):
            return form.problem(text).map { [Problem(node.place, $0)] } ?? []
        case (.texts(let form), .list(let nodes)):
            return nodes.problems(KeyForm.text(form).problems)
        case (.number(let numbers), .number(let number)):
            let whole = number.wholeSteps(exponent: 0)
            if let whole, numbers.contains(whole) { return [] }
            return [Problem(node.place, "\(number) is not \(words)")]
        case (.secret, .group):
            return LayoutSecrets.problems(inSource: node)
        case (.secret, _):
            return [Problem(node.place, "must be \(words)")]
        case (.component, .text(let text)):
            return ProblemList(
                KeyForm.text(.name(ComponentTag.self)).problems(in: node)
                    .map { Problem($0.place, text.isEmpty ? "must be \(words)" : $0.message) })
        case (.component, .group):
            return []
        case (.components, .list(let nodes)):
            return nodes.problems { node in
                node.group == nil
                    ? [
                        Problem(
                            node.place, "must be an object, a component, not \(node.value.noun)")
                    ]
                    : []
            }
        case (.section(let section), _):
            return section.problems(in: node)
        case (.sections(let section, _), .list(let nodes)):
            return nodes.problems(section.problems)
        case (.number, .text):
            let advice = FormAdvice.unquoted(node.value, isNumber: true)
            return [Problem(node.place, "must be \(words), not \(node.value.quoted)\(advice)")]
        default:
            return [Problem(node.place, "must be \(words), not \(node.value.quoted)")]
        }
    }
}

/// One object of the document, read by the description of its section.
///
/// What is absent has the description's default. What is not of its form counts as absent: its
/// problem has been reported, and the checks that follow go on with what is left.
package struct Section {
    package let node: JsonNode
    let kind: LayoutSection

    package var place: Place { node.place }

    /// Whether the document itself says something under `name`.
    package func says(_ name: String) -> Bool { node[name] != nil }

    package subscript(name: String) -> JsonNode? {
        guard let key = kind.keys.first(where: { $0.name == name }) else {
            preconditionFailure("\(kind.noun) has no key \(name)")
        }
        if let given = node[name], given.text != LayoutSecrets.removed,
            key.form.problems(in: given).isEmpty
        {
            return given
        }
        guard case .defaults(let value) = key.need else { return nil }
        return JsonNode(value, at: place.below(name))
    }

    package func text(_ name: String) -> String? { self[name]?.text }

    package func flag(_ name: String) -> Bool? { self[name]?.flag }

    package func whole(_ name: String) -> Int64? { self[name]?.number?.wholeSteps(exponent: 0) }

    package func duration(_ name: String) -> Duration? {
        text(name).flatMap(Duration.init(layoutText:))
    }

    package func name<Tag: NameTag>(_ name: String, _: Tag.Type) -> Name<Tag>? {
        text(name).flatMap(Name<Tag>.init)
    }

    func word<Word: RawRepresentable<String>>(_ name: String) -> Word? {
        text(name).flatMap(Word.init)
    }

    func secret(_ name: String) -> SecretSource? { self[name].flatMap(LayoutSecrets.source) }

    /// The objects of a list, whatever else is wrong with them.
    package func sections(_ name: String, _ kind: LayoutSection) -> Sections {
        Sections(list: node[name]?.list ?? [], kind: kind)
    }

    /// An object, whatever else is wrong with it.
    package func section(_ name: String, _ kind: LayoutSection) -> Section? {
        guard let node = node[name], node.group != nil else { return nil }
        return Section(node: node, kind: kind)
    }

    /// Where `name` stands, or would stand.
    package func place(of name: String) -> Place { node[name]?.place ?? place.below(name) }
}

/// The objects of a list, each made when its turn comes, so that a long list costs nothing.
package struct Sections: Sequence {
    let list: JsonList
    let kind: LayoutSection

    package func makeIterator() -> Iterator { Iterator(nodes: list.makeIterator(), kind: kind) }

    package struct Iterator: IteratorProtocol {
        var nodes: JsonList.Iterator
        let kind: LayoutSection

        package mutating func next() -> Section? {
            while let node = nodes.next() {
                if node.group != nil { return Section(node: node, kind: kind) }
            }
            return nil
        }
    }
}

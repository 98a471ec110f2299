import Documents
import Vocabulary

// One value of an object each; what is missing or of another form is reported.
extension GridworksReader {
    mutating func object(_ key: String, of entry: JsonNode) -> JsonNode? {
        guard let node = value(key, of: entry, required: true) else { return nil }
        guard node.group != nil else { return refuse(node, "an object") }
        return node
    }

    mutating func list(_ key: String, of entry: JsonNode, required: Bool = true) -> JsonList? {
        guard let node = value(key, of: entry, required: required) else { return nil }
        guard let list = node.list else { return refuse(node, "a list") }
        return list
    }

    /// The objects of a list; none when it is not there and need not be.
    mutating func entries(
        _ key: String, of entry: JsonNode, required: Bool = false
    ) -> [JsonNode] {
        let list = list(key, of: entry, required: required) ?? []
        var result: [JsonNode] = []
        result.reserveCapacity(list.count)
        for node in list {
            if node.group != nil {
                result.append(node)
            } else {
                let _: JsonNode? = refuse(node, "an object")
            }
        }
        return result
    }

    mutating func text(_ key: String, of entry: JsonNode, required: Bool = true) -> String? {
        guard let node = value(key, of: entry, required: required) else { return nil }
        guard let text = node.text, !text.isEmpty else {
            return refuse(node, "a text that is not empty")
        }
        return text
    }

    mutating func flag(_ key: String, of entry: JsonNode, required: Bool = true) -> Bool? {
        guard let node = value(key, of: entry, required: required) else { return nil }
        guard let flag = node.flag else { return refuse(node, "true or false") }
        return flag
    }

    mutating func whole(
        _ key: String, of entry: JsonNode, required: Bool = true,
        in range: ClosedRange<Int64> = 0...Int64.max
    ) -> Int64? {
        guard let node = value(key, of: entry, required: required) else { return nil }
        return whole(node, in: range)
    }

    mutating func wholes(_ key: String, of entry: JsonNode) -> [Int64] {
        (list(key, of: entry) ?? []).compactMap { whole($0, in: 0...127) }
    }

    /// A number above zero.
    mutating func positive(
        _ key: String, of entry: JsonNode, required: Bool = true
    ) -> DecimalNumber? {
        guard let node = value(key, of: entry, required: required) else { return nil }
        guard let number = node.number, number.mantissa > 0 else {
            return refuse(node, "a number above 0")
        }
        return number
    }

    mutating func number(_ node: JsonNode) -> DecimalNumber? {
        guard let number = node.number else { return refuse(node, "a number") }
        return number
    }

    /// What people read; absent texts and empty ones are the same.
    func title(of entry: JsonNode) -> String? {
        guard let title = entry["DisplayName"]?.text, !title.isEmpty else { return nil }
        return title
    }

    private mutating func whole(_ node: JsonNode, in range: ClosedRange<Int64>) -> Int64? {
        guard let number = node.number?.wholeSteps(exponent: 0), range.contains(number) else {
            let words =
                range.upperBound == .max
                ? "a whole number from \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
            return refuse(node, words)
        }
        return number
    }

    private mutating func value(_ key: String, of entry: JsonNode, required: Bool) -> JsonNode? {
        if let node = entry[key], node.value != .null { return node }
        if required { report(entry.place, "\(key) is missing") }
        return nil
    }

    private mutating func refuse<Value>(_ node: JsonNode, _ wanted: String) -> Value? {
        report(node.place, "must be \(wanted)")
        return nil
    }
}

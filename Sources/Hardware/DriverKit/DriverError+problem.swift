import Documents

extension DriverError {
    /// The same as a problem of `document`, at the setting that the detail begins with; at the document
    /// itself when it names none.
    public func problem(in document: JsonNode) -> Problem {
        let parts = detail.split(separator: ": ", maxSplits: 1)
        guard parts.count == 2, parts[0].hasPrefix(document.place.path) else {
            return Problem(document.place, detail)
        }
        let path = String(parts[0])
        let known = document.node(at: path)?.place
        return Problem(
            known ?? Place(path: path, line: document.place.line, column: document.place.column),
            String(parts[1]))
    }
}

extension JsonNode {
    /// The node of that path in or below this one.
    fileprivate func node(at path: String) -> JsonNode? {
        if place.path == path { return self }
        let children = list.map(Array.init) ?? group?.map(\.node) ?? []
        for child in children where path.hasPrefix(child.place.path) {
            if let found = child.node(at: path) { return found }
        }
        return nil
    }
}

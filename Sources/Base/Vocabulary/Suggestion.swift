/// The word among `candidates` that was probably meant by `word`, or nil when none is near.
///
/// Near is an edit distance of at most a third of the longer word, case ignored; failing that, the only
/// candidate that contains the word or is contained in it.
public func suggestion(for word: String, among candidates: some Collection<String>) -> String? {
    let typed = Array(word.lowercased().utf8)
    var best: (candidate: String, distance: Int)?
    for candidate in candidates.sorted() {
        let meant = Array(candidate.lowercased().utf8)
        // The distance is at least what one is longer than the other.
        guard abs(typed.count - meant.count) <= max(typed.count, meant.count) / 3 else { continue }
        let distance = editDistance(typed, meant)
        guard distance <= max(typed.count, meant.count) / 3 else { continue }
        if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    if let best { return best.candidate }
    let related = candidates.filter { candidate in
        let (meant, typed) = (candidate.lowercased(), word.lowercased())
        return min(meant.utf8.count, typed.utf8.count) >= 4
            && (meant.contains(typed) || typed.contains(meant))
    }
    return related.count == 1 ? related.first : nil
}

/// `"; did you mean x"`, or nothing when no candidate is near.
public func didYouMean(_ word: String, among candidates: some Collection<String>) -> String {
    suggestion(for: word, among: candidates).map { "; did you mean \($0)" } ?? ""
}

/// Insertions, deletions, changes and swaps of neighbours that turn one word into the other.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for (row, byte) in left.enumerated() {
        var current = [row + 1] + [Int](repeating: 0, count: right.count)
        for (column, other) in right.enumerated() {
            var distance = min(
                last[column + 1] + 1, current[column] + 1, last[column] + (byte == other ? 0 : 1))
            if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
                distance = min(distance, beforeLast[column - 1] + 1)
            }
            current[column + 1] = distance
        }
        (beforeLast, last) = (last, current)
    }
    return last[right.count]
}

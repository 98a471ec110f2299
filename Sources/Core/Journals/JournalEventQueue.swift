import Vocabulary

/// Keeps the news of a journal for its one reader, in a few words however slow the reader is: of
/// commits only the last counts, losses add up, and of fault the present state counts.
final class JournalEventQueue: Sendable {
    private struct State {
        var committed: JournalOffset?
        var readable: JournalOffset?
        var dropped: [UpstreamName: (count: Int, through: JournalOffset)] = [:]
        var fault: (isOn: Bool, words: String)?
        var salvaged: [String] = []
        var isClosed = false
        var reader: CheckedContinuation<JournalEvent?, Never>?

        mutating func next() -> JournalEvent? {
            if !salvaged.isEmpty { return .salvaged(salvaged.removeFirst()) }
            if let (isOn, words) = fault {
                fault = nil
                return .fault(isOn, words)
            }
            if let (upstream, loss) = dropped.popFirst() {
                return .dropped(loss.count, upstream: upstream, through: loss.through)
            }
            if let committed {
                self.committed = nil
                return .committed(through: committed)
            }
            if let readable {
                self.readable = nil
                return .readable(through: readable)
            }
            return nil
        }
    }

    /// Words about damage that wait at most; later ones are left out.
    private static let most = 16
    private let state = Guarded(State())

    /// For one reader. Ends after `close()`, when all was read.
    var stream: AsyncStream<JournalEvent> {
        AsyncStream {
            await self.next()
        } onCancel: {
            self.change { $0.isClosed = true }
        }
    }

    func post(_ news: JournalEvent) {
        change { state in
            switch news {
            case .committed(let through): state.committed = max(state.committed ?? 0, through)
            case .readable(let through): state.readable = max(state.readable ?? 0, through)
            case .dropped(let count, let upstream, let through):
                let known = state.dropped[upstream] ?? (0, 0)
                state.dropped[upstream] = (known.count + count, max(known.through, through))
            case .fault(let isOn, let words): state.fault = (isOn, words)
            case .salvaged(let words):
                if state.salvaged.count < Self.most { state.salvaged.append(words) }
            }
        }
    }

    func close() { change { $0.isClosed = true } }

    private func next() async -> JournalEvent? {
        await withCheckedContinuation { reader in
            change { state in
                // There is one reader; another one ends.
                if state.reader == nil {
                    state.reader = reader
                } else {
                    reader.resume(returning: nil)
                }
            }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let (reader, news) = state.withLock {
            state -> (CheckedContinuation<JournalEvent?, Never>?, JournalEvent?) in
            body(&state)
            guard let reader = state.reader else { return (nil, nil) }
            let news = state.next()
            guard news != nil || state.isClosed else { return (nil, nil) }
            state.reader = nil
            return (reader, news)
        }
        reader?.resume(returning: news)
    }
}

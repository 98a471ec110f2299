import Codecs
import Health
import Host
import Nodes
import PlainJson
import Proactors
import Timing
import Vocabulary
import Web

/// What is counted and measured of a gateway, as Prometheus takes it: values that are good, and all described counts.
struct GatewayMetrics {
    let status: GatewayStatus
    let web: WebCounts
    private var answers: GatewayAnswers { status.answers }

    private typealias Sample = MetricFamily.Sample

    var families: [MetricFamily] {
        get async {
            let proactor = answers.proactor
            let links = await proactor.linkStatuses
            let queues = Self.merged(await proactor.queueStatuses)
            let heartbeats = proactor.heartbeats.sorted { $0.key < $1.key }
                .map { (name: $0.key.text, counts: $0.value.reading.counts) }
            return gateway + values + (await faults)
                + MetricFamily.of("node", label: "node", heartbeats)
                + [
                    MetricFamily(
                        "link_up", .gauge, "whether a link is connected",
                        links.map { Sample(["link": $0.who], Self.flag($0.state == .connected)) })
                ]
                + MetricFamily.of(
                    "link", label: "link",
                    links.compactMap { link in link.counts.map { (link.who, $0) } })
                + MetricFamily.of("queue", label: "queue", queues)
                + (await disk) + Self.unlabelled("web", web)
        }
    }

    private static func flag(_ flag: Bool) -> DecimalNumber {
        DecimalNumber(mantissa: flag ? 1 : 0)
    }

    private static func number(_ number: some BinaryInteger) -> DecimalNumber {
        DecimalNumber(mantissa: Int64(clamping: number))
    }

    // MARK: - The gateway

    private var gateway: [MetricFamily] {
        let profile = answers.proactor.profile
        return [
            MetricFamily(
                "build_info", .gauge, "version and name of the gateway; always 1",
                [
                    Sample(
                        ["version": Machine.version, "gateway": profile.gateway.text],
                        Self.flag(true))
                ]),
            MetricFamily(
                "uptime_seconds", .gauge, "how long the gateway runs",
                [Sample([:], Self.number(status.uptime.components.seconds))]),
            MetricFamily(
                "simulated", .gauge, "whether hardware of the gateway is simulated",
                [Sample([:], Self.flag(profile.isSimulated))]),
            MetricFamily(
                "clock_synchronised", .gauge, "whether the wall clock is synchronised",
                [Sample([:], Self.flag(answers.clock.isWallTimeSynchronised))]),
        ]
    }

    // MARK: - Values

    /// A value that is not good is left out, so that it becomes stale at once.
    private var values: [MetricFamily] {
        var value = MetricFamily("channel_value", .gauge, "newest good value of a channel")
        var total = MetricFamily("channel", .counter, "newest good reading of a counting channel")
        var quality = MetricFamily(
            "channel_quality", .gauge, "quality of the newest value; always 1")
        var age = MetricFamily("channel_age_seconds", .gauge, "age of the newest value")
        let (latest, now) = (answers.proactor.live.latestOfEach, answers.clock.now)
        for channel in answers.proactor.profile.nodes.flatMap(\.channels) {
            guard let newest = latest[channel.name] else { continue }
            let name = channel.name.text
            let reading = newest.reading
            quality.samples.append(
                Sample(["channel": name, "quality": reading.quality.rawValue], Self.flag(true)))
            let seconds = newest.at.monotonic.duration(to: now)
            age.samples.append(Sample(["channel": name], DecimalNumber(seconds: seconds)))
            guard reading.quality == .good else { continue }
            let sample = Sample(
                ["channel": name, "node": channel.node.text, "unit": channel.unit.rawValue],
                channel.decimal(reading.value))
            // A counter that would fall is no counter to Prometheus.
            if channel.plausibility.isCounter, reading.value >= 0 {
                total.samples.append(sample)
            } else {
                value.samples.append(sample)
            }
        }
        return [value, total, quality, age]
    }

    private var faults: [MetricFamily] {
        get async {
            var counts: [[String]: Int] = [:]
            for fault in await answers.proactor.activeFaults {
                counts[[fault.node.text, fault.fault.kind.rawValue], default: 0] += 1
            }
            return [
                MetricFamily(
                    "faults_active", .gauge, "active faults of a node",
                    counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
                        Sample(["node": $0.key[0], "kind": $0.key[1]], Self.number($0.value))
                    })
            ]
        }
    }

    // MARK: - Queues, disk, web

    /// Several subscribers may have one name; Prometheus takes each once.
    private static func merged(
        _ queues: [QueueStatus]
    ) -> [(name: String, counts: QueueCounts)] {
        var merged: [String: QueueCounts] = [:]
        for queue in queues {
            guard var counts = merged[queue.name] else {
                merged[queue.name] = queue.counts
                continue
            }
            for key in QueueCount.allCases {
                guard let more = queue.counts[ifThere: key] else { continue }
                counts[key] =
                    key.about.unit == .second ? max(counts[key], more) : counts[key] + more
            }
            merged[queue.name] = counts
        }
        return merged.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private var disk: [MetricFamily] {
        get async {
            let state = status.state
            let found = await within(GatewayStatus.diskTime, on: answers.clock) {
                await state.state
            }
            var families: [MetricFamily] = []
            if let disk = found?.disk {
                families += [
                    MetricFamily(
                        "disk_size_bytes", .gauge, "size of the file system of the journal",
                        [Sample([:], Self.number(disk.size))]),
                    MetricFamily(
                        "disk_available_bytes", .gauge,
                        "free room of the file system of the journal",
                        [Sample([:], Self.number(disk.available))]),
                ]
            }
            guard let journal = found?.journal else { return families }
            return families + [
                MetricFamily(
                    "journal_records", .gauge, "records in the journal",
                    [Sample([:], Self.number(journal.facts))]),
                MetricFamily(
                    "journal_used_bytes", .gauge, "bytes of the journal that hold something",
                    [Sample([:], Self.number(journal.size.used))]),
                MetricFamily(
                    "journal_file_bytes", .gauge, "bytes of the journal's file",
                    [Sample([:], Self.number(journal.size.file))]),
                MetricFamily(
                    "journal_backlog_records", .gauge,
                    "records that an upstream has not acknowledged in time",
                    journal.cursors.map {
                        Sample(["upstream": $0.upstream.text], Self.number($0.waiting))
                    }),
                MetricFamily(
                    "journal_dead_letters", .gauge, "records that an upstream never acknowledged",
                    journal.cursors.map {
                        Sample(["upstream": $0.upstream.text], Self.number($0.deadLettered))
                    }),
            ]
        }
    }

    private static func unlabelled<Key: Count>(
        _ prefix: String, _ counts: Counts<Key>
    ) -> [MetricFamily] {
        MetricFamily.of(prefix, label: "", [("", counts)]).map { family in
            MetricFamily(
                family.name, family.kind, family.help,
                family.samples.map { Sample([:], $0.value) })
        }
    }
}

import HTTPTypes
import Testing
import Vocabulary

@testable import Web

@Suite struct `The metrics` {
    private func scrape(_ accept: String?, open: Set<WebRight> = [.metrics]) async -> WebResponse {
        let desk = WebDesk(
            WebRoutes(MetricRoutes.routes(ScriptedWeb())), access: .test(open: open))
        var fields: HTTPFields = [:]
        if let accept { fields[.accept] = accept }
        return await desk.ask(.get, "/metrics", fields)
    }

    @Test func `are written as Prometheus reads them`() async {
        let answer = await scrape(nil)
        #expect(answer.fields[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(
            answer.text.hasPrefix(
                #"""
                # HELP tidegate_channel_value newest "good" value\nof a channel
                # TYPE tidegate_channel_value gauge
                tidegate_channel_value{channel="tank-top",unit="celsius"} 35.375
                tidegate_channel_value{channel="a\"b\\c\nd",unit=""} -1
                # HELP tidegate_web_connections connections that are open
                # TYPE tidegate_web_connections gauge
                tidegate_web_connections{server="one"} 0

                """#))
        #expect(
            answer.text.contains(
                "# TYPE tidegate_web_requests_total counter\ntidegate_web_requests_total{"))
        #expect(!answer.text.contains("nothing") && !answer.text.contains("EOF"))
    }

    @Test func `are written as OpenMetrics where that is asked for`() async {
        let accept =
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
            + "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        let answer = await scrape(accept)
        #expect(
            answer.fields[.contentType]
                == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(
            answer.text.contains(
                "# TYPE tidegate_web_requests counter\ntidegate_web_requests_total{"))
        #expect(answer.text.contains(#"newest \"good\" value\nof"#))
        #expect(answer.text.hasSuffix("\n# EOF\n"))
    }

    @Test func `are a right of their own`() async {
        #expect(await scrape(nil, open: [.read, .switch]).status == .forbidden)
        #expect(await scrape(nil, open: [.metrics]).status == .ok)
    }
}

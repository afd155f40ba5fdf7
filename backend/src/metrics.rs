//! The figures of one server: handles that the parts count into, and their text for Prometheus. Each server has
//! its own registry, because tests run many servers in one process.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};
use shared::{CloseCode, ErrorCode};

/// The figures. Counters only grow, from the start of the server.
pub struct Metrics {
    /// TCP connections that are open, of all kinds.
    pub connections_open: Gauge,
    /// Sockets that are open, known or not.
    pub sockets_open: Gauge,
    /// Sockets that have said who they are.
    pub sockets_known: Gauge,
    /// Sockets that were opened.
    pub sockets_opened: Counter,
    /// Sockets that were closed, by close code.
    sockets_closed: Family<CloseLabel, Counter>,
    /// Frames from clients.
    pub frames_in: Counter,
    /// Frames to clients.
    pub frames_out: Counter,
    /// Bytes that were written to sockets.
    pub bytes_out: Counter,
    /// Writes to sockets; `frames_out` over this is how well writes are gathered.
    pub writes_out: Counter,
    /// Times that a reader was too slow and was told `behind`.
    pub behind: Counter,
    /// Errors that clients were answered with, by code, on sockets and over HTTP.
    errors: Family<ErrorLabel, Counter>,

    /// Requests that were stored.
    pub stored: Counter,
    /// Requests that had been stored before and were asked again.
    pub duplicates: Counter,
    /// Transactions that were stored.
    pub commits: Counter,
    /// Seconds of one transaction, fsync included.
    pub commit_seconds: Histogram,
    /// Requests in one transaction.
    pub commit_requests: Histogram,
    /// Requests that wait for the disk.
    pub commit_queue: Gauge,
    /// Rooms that are in memory.
    pub rooms_open: Gauge,

    /// HTTP requests, by method, path as routed and status.
    http_requests: Family<HttpLabel, Counter>,
    /// Seconds from the head of an HTTP request to the head of its answer.
    pub http_seconds: Histogram,

    registry: Registry,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CloseLabel {
    code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabel {
    code: &'static str,
}

/// What a finished HTTP request counts under. The path is the route's, so that there are few of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct HttpLabel {
    /// The method, `OTHER` where it is none of the usual.
    pub method: &'static str,
    /// The path as routed, with `{id}` where an id stands.
    pub path: String,
    /// The status.
    pub status: u16,
}

impl Metrics {
    /// Figures that all stand at zero.
    #[expect(clippy::new_without_default, reason = "a default would hide that a registry is made")]
    pub fn new() -> Self {
        // 100 µs to 3.3 s: an SSD's fsync is near the lower end, a stalled disk beyond the upper.
        let commit_seconds = Histogram::new(exponential_buckets(0.000_1, 2.0, 16));
        let commit_requests = Histogram::new(exponential_buckets(1.0, 2.0, 10));
        // 250 µs to 8 s.
        let http_seconds = Histogram::new(exponential_buckets(0.000_25, 2.0, 16));
        let mut metrics = Self {
            connections_open: Gauge::default(),
            sockets_open: Gauge::default(),
            sockets_known: Gauge::default(),
            sockets_opened: Counter::default(),
            sockets_closed: Family::default(),
            frames_in: Counter::default(),
            frames_out: Counter::default(),
            bytes_out: Counter::default(),
            writes_out: Counter::default(),
            behind: Counter::default(),
            errors: Family::default(),
            stored: Counter::default(),
            duplicates: Counter::default(),
            commits: Counter::default(),
            commit_seconds,
            commit_requests,
            commit_queue: Gauge::default(),
            rooms_open: Gauge::default(),
            http_requests: Family::default(),
            http_seconds,
            registry: Registry::with_prefix("confab"),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("connections_open", "TCP connections that are open", self.connections_open.clone());
        r.register("sockets_open", "Sockets that are open", self.sockets_open.clone());
        r.register("sockets_known", "Sockets that have said who they are", self.sockets_known.clone());
        r.register("sockets_opened", "Sockets that were opened", self.sockets_opened.clone());
        r.register("sockets_closed", "Sockets that were closed, by close code; 1006 where nothing could be said, 1013 also for who took nothing any more", self.sockets_closed.clone());
        r.register("frames_in", "Frames from clients", self.frames_in.clone());
        r.register("frames_out", "Frames to clients", self.frames_out.clone());
        r.register_with_unit("sent", "Bytes written to sockets", Unit::Bytes, self.bytes_out.clone());
        r.register("writes_out", "Writes to sockets", self.writes_out.clone());
        r.register("behind", "Times that a reader was too slow", self.behind.clone());
        r.register("errors", "Errors that clients were answered with, by code", self.errors.clone());
        r.register("stored", "Requests that were stored", self.stored.clone());
        r.register("duplicates", "Requests that had been stored before", self.duplicates.clone());
        r.register("commits", "Transactions that were stored", self.commits.clone());
        let seconds = Unit::Seconds;
        r.register_with_unit(
            "commit",
            "Time of one transaction, fsync included",
            seconds,
            self.commit_seconds.clone(),
        );
        r.register("commit_requests", "Requests in one transaction", self.commit_requests.clone());
        r.register("commit_queue", "Requests that wait for the disk", self.commit_queue.clone());
        r.register("rooms_open", "Rooms that are in memory", self.rooms_open.clone());
        r.register("http_requests", "HTTP requests, by method, route and status", self.http_requests.clone());
        let help = "Time from the head of an HTTP request to the head of its answer";
        r.register_with_unit("http", help, Unit::Seconds, self.http_seconds.clone());
    }

    /// Counts a socket that was closed.
    pub fn closed(&self, code: CloseCode) {
        self.sockets_closed.get_or_create(&CloseLabel { code: code.as_u16() }).inc();
    }

    /// Counts an error that a client was answered with.
    pub fn error(&self, code: ErrorCode) {
        self.errors.get_or_create(&ErrorLabel { code: code.as_str() }).inc();
    }

    /// Counts a finished HTTP request.
    pub fn http(&self, label: &HttpLabel, seconds: f64) {
        self.http_requests.get_or_create(label).inc();
        self.http_seconds.observe(seconds);
    }

    /// The figures as Prometheus reads them (OpenMetrics text).
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string does not fail");
        text
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_in_the_text_under_the_name_of_the_product() {
        let metrics = Metrics::new();
        metrics.stored.inc();
        metrics.commit_seconds.observe(0.002);
        metrics.closed(CloseCode::Restart);
        metrics.error(ErrorCode::RateLimited);
        let label = HttpLabel { method: "GET", path: "/api/v1/rooms/{id}/members".into(), status: 200 };
        metrics.http(&label, 0.001);
        let text = metrics.text();
        for line in [
            "confab_stored_total 1",
            "confab_commit_seconds_count 1",
            "confab_sockets_closed_total{code=\"1012\"} 1",
            "confab_errors_total{code=\"rate_limited\"} 1",
            "confab_http_requests_total{method=\"GET\",path=\"/api/v1/rooms/{id}/members\",status=\"200\"} 1",
            "confab_sockets_open 0",
        ] {
            assert!(text.lines().any(|is| is == line), "{line}\n{text}");
        }
    }

    #[test]
    fn every_figure_is_a_line_of_its_page() {
        let metrics = Metrics::new();
        metrics.closed(CloseCode::Restart);
        metrics.error(ErrorCode::RateLimited);
        metrics.http(&HttpLabel { method: "GET", path: "/health".into(), status: 200 }, 0.001);
        let text = metrics.text();
        let said = |word: &str| -> Vec<(String, String)> {
            let lines = text.lines().filter_map(|line| line.strip_prefix(word)?.split_once(' '));
            lines.map(|(name, rest)| (name.to_owned(), rest.trim_end_matches('.').to_owned())).collect()
        };
        let (kinds, helps) = (said("# TYPE "), said("# HELP "));
        assert_eq!(kinds.len(), helps.len());
        let rows: Vec<String> = kinds
            .iter()
            .zip(&helps)
            .map(|((name, kind), (_, help))| {
                let end = if kind == "counter" { "_total" } else { "" };
                format!("| `{name}{end}` | {kind} | {help} |")
            })
            .collect();
        let page = include_str!("../../docs/metrics.md");
        let on_page: Vec<_> = page.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(on_page, rows, "docs/metrics.md should have\n{}", rows.join("\n"));
    }
}

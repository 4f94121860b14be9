//! Counts and measures, in the form that Prometheus reads. Labels come from fixed sets, whatever clients send.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use http::{Method, StatusCode};
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use ssm_domain::time::Timestamp;
use ssm_engine::{Engine, Health, RunError};

const ABOUT: Metadata<'static> = Metadata::new("ssm", Level::INFO, None);
const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER",
];
const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// Seconds.
const BUCKETS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];

/// The label of a method: one of a few, since clients may send any word.
pub(crate) fn method_label(method: &Method) -> &'static str {
    let known = METHODS.iter().find(|known| **known == method.as_str());
    known.copied().unwrap_or("OTHER")
}

/// The server's counters.
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    routes: RwLock<HashMap<Box<str>, Arc<Route>>>,
    streams: Gauged,
    connections: Gauged,
    journal_seq: Gauge,
    ready: Gauge,
    hashing: Gauge,
    certificate_end: Gauge,
    sign_ins: [Counter; SignIn::ALL.len()],
}

/// How an attempt to sign in, or to prove a password otherwise, came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignIn {
    /// Signed in.
    Accepted,
    /// Not a user, or not their password.
    Refused,
    /// Too many attempts.
    Throttled,
    /// Not possible now.
    Unavailable,
}

impl SignIn {
    const ALL: [Self; 4] = [
        Self::Accepted,
        Self::Refused,
        Self::Throttled,
        Self::Unavailable,
    ];

    fn of<T>(outcome: &Result<T, RunError>) -> Self {
        match outcome {
            Ok(_) => Self::Accepted,
            Err(RunError::Rejected(_)) => Self::Refused,
            Err(RunError::Throttled(_)) => Self::Throttled,
            Err(
                RunError::Busy | RunError::Unavailable | RunError::OutcomeUnknown | RunError::Stale,
            ) => Self::Unavailable,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
        }
    }
}

/// A number of things that are there at the moment.
#[derive(Clone)]
pub(crate) struct Gauged(Gauge);

impl Gauged {
    /// Counts one more until what is returned is dropped.
    pub(crate) fn count(&self) -> impl Drop + Send + 'static {
        struct There(Gauge);
        impl Drop for There {
            fn drop(&mut self) {
                self.0.decrement(1);
            }
        }
        self.0.increment(1);
        There(self.0.clone())
    }
}

/// The series of one route, each registered when it is first used.
#[derive(Default)]
struct Route([[OnceLock<(Counter, Histogram)>; STATUSES.len()]; METHODS.len()]);

impl Metrics {
    /// Starts counting.
    pub(crate) fn start() -> Self {
        let recorder = PrometheusBuilder::new()
            .set_buckets(BUCKETS)
            .expect("there are buckets")
            .build_recorder();
        for (name, about) in [
            ("ssm_http_requests_total", "Requests answered"),
            (
                "ssm_http_request_duration_seconds",
                "Time from a request's head to its answer's",
            ),
        ] {
            recorder.describe_counter(name.into(), None, about.into());
            recorder.describe_histogram(name.into(), None, about.into());
        }
        let gauge = |name: &'static str, about: &'static str| {
            recorder.describe_gauge(name.into(), None, about.into());
            recorder.register_gauge(&Key::from_static_name(name), &ABOUT)
        };
        let build = Key::from_parts(
            "ssm_build_info",
            vec![Label::new("version", env!("CARGO_PKG_VERSION"))],
        );
        recorder.describe_gauge("ssm_build_info".into(), None, "What runs here".into());
        recorder.register_gauge(&build, &ABOUT).set(1.0);
        let about = "Attempts to prove a password";
        recorder.describe_counter("ssm_sign_ins_total".into(), None, about.into());
        let sign_ins = SignIn::ALL.map(|outcome| {
            let label = vec![Label::new("outcome", outcome.label())];
            recorder.register_counter(&Key::from_parts("ssm_sign_ins_total", label), &ABOUT)
        });
        Self {
            handle: recorder.handle(),
            routes: RwLock::default(),
            streams: Gauged(gauge("ssm_watch_streams", "Open watch streams")),
            connections: Gauged(gauge("ssm_connections", "Open connections")),
            journal_seq: gauge("ssm_journal_seq", "The last entry that is published"),
            ready: gauge(
                "ssm_journal_writable",
                "1 where the last write to the journal went well, else 0",
            ),
            hashing: gauge(
                "ssm_password_hashing",
                "Passwords that are being hashed or wait for it",
            ),
            certificate_end: gauge(
                "ssm_tls_certificate_end_timestamp_seconds",
                "When the TLS certificate ends; 0 without one",
            ),
            sign_ins,
            recorder,
        }
    }

    /// Counts an answer.
    pub(crate) fn answered(
        &self,
        method: &'static str,
        route: &str,
        status: StatusCode,
        took: Duration,
    ) {
        let row = METHODS
            .iter()
            .position(|known| *known == method)
            .unwrap_or(METHODS.len() - 1);
        let column = usize::from(status.as_u16() / 100).clamp(1, STATUSES.len()) - 1;
        let series = self.route(route);
        let (count, duration) = series.0[row][column]
            .get_or_init(|| self.register(METHODS[row], route, STATUSES[column]));
        count.increment(1);
        duration.record(took.as_secs_f64());
    }

    /// Counts an attempt to prove a password.
    pub(crate) fn signed_in<T>(&self, outcome: Result<T, RunError>) -> Result<T, RunError> {
        let column = SignIn::of(&outcome);
        let column = SignIn::ALL.iter().position(|known| *known == column);
        self.sign_ins[column.unwrap_or_default()].increment(1);
        outcome
    }

    /// The open watch streams.
    pub(crate) fn streams(&self) -> Gauged {
        self.streams.clone()
    }

    /// The open connections.
    pub(crate) fn connections(&self) -> Gauged {
        self.connections.clone()
    }

    /// Everything, as text.
    #[expect(
        clippy::cast_precision_loss,
        reason = "neither entries nor seconds come near 2^53"
    )]
    pub(crate) fn render(&self, engine: &Engine, certificate_end: Option<Timestamp>) -> String {
        self.journal_seq.set(engine.state().head().seq as f64);
        self.ready.set(f64::from(engine.health() == Health::Ready));
        self.hashing.set(engine.hashing() as f64);
        let end = certificate_end.map_or(0, |end| end.as_millis() / 1_000);
        self.certificate_end.set(end as f64);
        self.handle.render()
    }

    /// Sorts measurements into their buckets; until then they pile up.
    pub(crate) fn tidy(&self) {
        self.handle.run_upkeep();
    }

    fn route(&self, route: &str) -> Arc<Route> {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = routes.get(route) {
            return known.clone();
        }
        drop(routes);
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        routes.entry(route.into()).or_default().clone()
    }

    fn register(
        &self,
        method: &'static str,
        route: &str,
        status: &'static str,
    ) -> (Counter, Histogram) {
        let labels = vec![
            Label::new("method", method),
            Label::new("route", route.to_owned()),
        ];
        let duration = Key::from_parts("ssm_http_request_duration_seconds", labels.clone());
        let labels = [labels, vec![Label::new("status", status)]].concat();
        let count = Key::from_parts("ssm_http_requests_total", labels);
        (
            self.recorder.register_counter(&count, &ABOUT),
            self.recorder.register_histogram(&duration, &ABOUT),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{Method, StatusCode};

    use super::{Metrics, method_label};

    #[test]
    fn whatever_clients_send_the_labels_are_from_fixed_sets() {
        let metrics = Metrics::start();
        for word in ["GET", "BREW", "get"] {
            let method: Method = word.parse().unwrap();
            metrics.answered(
                method_label(&method),
                "/api/version",
                StatusCode::OK,
                Duration::ZERO,
            );
        }
        let text = metrics.handle.render();
        assert!(
            text.contains(r#"{method="GET",route="/api/version",status="2xx"} 1"#),
            "{text}"
        );
        assert!(
            text.contains(r#"{method="OTHER",route="/api/version",status="2xx"} 2"#),
            "{text}"
        );
        assert!(!text.contains("BREW"));
    }
}

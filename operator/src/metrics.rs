//! `ssm_operator_*` in Prometheus' format. Labels are from fixed sets: no names, no values.

use std::time::Duration;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use ssm_client::{Error, Export};

use crate::feed::Feeds;
use crate::queue::Queue;
use crate::store::Store;

const PROPAGATION: &str = "ssm_operator_propagation_seconds";

/// Makes this process record its metrics. Once a process.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let buckets = [
        0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
    ];
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(PROPAGATION.to_owned()), &buckets)?
        .install_recorder()?;
    describe_counter!("ssm_operator_syncs_total", "Reconciles by result");
    describe_histogram!(
        PROPAGATION,
        Unit::Seconds,
        "From the server's word of a change to the written Secret"
    );
    describe_gauge!(
        "ssm_operator_resources",
        "SecretSyncs by state, which is the reason of their Ready condition"
    );
    describe_gauge!(
        "ssm_operator_upstreams",
        "Servers, each as one token sees it"
    );
    describe_gauge!(
        "ssm_operator_upstreams_failing",
        "Servers, each as one token sees it, that do not answer or do not accept the token"
    );
    describe_gauge!("ssm_operator_streams", "Open watch streams to servers");
    describe_gauge!("ssm_operator_configs", "Configs held");
    describe_gauge!(
        "ssm_operator_copies_bytes",
        Unit::Bytes,
        "What the sealed last good copies of configs take"
    );
    describe_gauge!(
        "ssm_operator_queue_depth",
        "Resources that wait for a reconcile"
    );
    describe_counter!(
        "ssm_operator_stream_ends_total",
        "Watch streams that ended or could not be opened"
    );
    describe_counter!("ssm_operator_fetches_total", "Reads of configs by result");
    describe_gauge!(
        "ssm_operator_fetches_in_flight",
        "Reads of configs under way"
    );
    describe_counter!(
        "ssm_operator_sync_reports_total",
        "Requests that tell servers which revisions are live, by result"
    );
    describe_counter!(
        "ssm_operator_api_writes_total",
        "Writes to the Kubernetes API server by kind"
    );
    describe_gauge!(
        "ssm_operator_leader",
        "1 where this replica works, 0 where it stands by"
    );
    describe_counter!(
        "ssm_operator_restarts_total",
        "Workloads that were to be restarted because their Secret has changed, by result"
    );
    Ok(handle)
}

/// Whether this replica works.
pub fn leader(leads: bool) {
    gauge!("ssm_operator_leader").set(if leads { 1.0 } else { 0.0 });
}

/// How a reconcile ended.
pub fn sync(result: &'static str) {
    counter!("ssm_operator_syncs_total", "result" => result).increment(1);
}

/// How long a change took.
pub fn propagation(duration: Duration) {
    histogram!(PROPAGATION).record(duration.as_secs_f64());
}

/// A write to the API server.
pub fn api_write(kind: &'static str) {
    counter!("ssm_operator_api_writes_total", "kind" => kind).increment(1);
}

/// What came of an attempt to restart a workload.
pub fn restart(result: &'static str) {
    counter!("ssm_operator_restarts_total", "result" => result).increment(1);
}

/// A read of a config began.
pub fn fetch_started() {
    gauge!("ssm_operator_fetches_in_flight").increment(1.0);
}

/// A read of a config ended.
pub fn fetch_ended(answer: &Result<Export, Error>) {
    gauge!("ssm_operator_fetches_in_flight").decrement(1.0);
    let result = match answer {
        Ok(Export::Modified(_)) => "modified",
        Ok(Export::NotModified) => "not_modified",
        Err(Error::Unauthorized(_)) => "unauthorized",
        Err(Error::Forbidden(_)) => "forbidden",
        Err(Error::NotFound(_)) => "not_found",
        Err(error) if error.is_transient() => "unavailable",
        Err(_) => "unusable",
    };
    counter!("ssm_operator_fetches_total", "result" => result).increment(1);
}

/// A server was told which revisions are live, or was not.
pub fn reported(result: &'static str) {
    counter!("ssm_operator_sync_reports_total", "result" => result).increment(1);
}

/// A watch stream ended.
pub fn stream_ended() {
    counter!("ssm_operator_stream_ends_total").increment(1);
}

/// Sets the gauges that are only read when somebody asks.
pub fn observe(store: &Store, feeds: &Feeds, queue: &Queue, known: &mut Vec<String>) {
    let states = store.states();
    for state in known.iter().filter(|state| !states.contains_key(*state)) {
        gauge!("ssm_operator_resources", "state" => state.clone()).set(0.0);
    }
    for (state, count) in states {
        if !known.contains(&state) {
            known.push(state.clone());
        }
        gauge!("ssm_operator_resources", "state" => state).set(as_f64(count));
    }
    let counts = feeds.counts();
    gauge!("ssm_operator_upstreams").set(as_f64(counts.upstreams));
    gauge!("ssm_operator_upstreams_failing").set(as_f64(counts.failing));
    gauge!("ssm_operator_streams").set(as_f64(counts.streams));
    gauge!("ssm_operator_configs").set(as_f64(counts.configs));
    gauge!("ssm_operator_copies_bytes").set(as_f64(feeds.copies_held()));
    gauge!("ssm_operator_queue_depth").set(as_f64(queue.len()));
}

fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

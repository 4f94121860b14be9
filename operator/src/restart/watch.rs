//! Watches workloads. They come whole, since only the pod template tells which Secrets are used, and what is not needed is
//! dropped while it is read.

use std::sync::Arc;

use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::Event;
use kube::{Api, Resource as _};

use super::workload::Live;
use crate::controller::{Backoff, Log, Relist, key, watched};
use crate::crd::WorkloadKind;
use crate::reconcile::Context;

/// Watches the workloads of a kind in `scope` (all namespaces where absent), for ever.
pub async fn watch(context: Arc<Context>, scope: Option<String>, kind: WorkloadKind) {
    let workloads = &context.restarts.workloads;
    let client = context.client.clone();
    let api: Api<Live> = match &scope {
        Some(namespace) => Api::namespaced_with(client, namespace, &kind),
        None => Api::all_with(client, &kind),
    };
    let events = watched(api).backoff(Backoff::default());
    let mut log = Log::new(match kind {
        WorkloadKind::Deployment => "Deployments",
        WorkloadKind::StatefulSet => "StatefulSets",
        WorkloadKind::DaemonSet => "DaemonSets",
    });
    let mut seen = Relist::default();
    let mut first = true;
    let mut events = std::pin::pin!(events);
    while let Some(event) = log.next(&mut events).await {
        match event {
            Event::Init => seen.begin(),
            Event::InitApply(live) | Event::Apply(live) => {
                let key = key(live.meta());
                if workloads.apply(&key, kind, &live) {
                    seen.add(&key);
                }
            }
            Event::Delete(live) => workloads.remove(&key(live.meta()), kind),
            Event::InitDone => {
                workloads.retain(scope.as_deref(), kind, &seen.end());
                if std::mem::take(&mut first) {
                    workloads.listed();
                }
            }
        }
    }
}

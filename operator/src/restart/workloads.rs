//! Which workloads may be restarted, and which Secrets they use. Of those that have not opted in nothing is kept.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::workload::Live;
use crate::crd::{Workload, WorkloadKind};
use crate::queue::Key;

/// The names of the Secrets that a workload uses.
type Used = Box<[Box<str>]>;

#[derive(Default)]
struct Inner {
    /// By namespace.
    opted_in: HashMap<Box<str>, HashMap<Workload, Used>>,
    /// Lists that are still to come. Before all are there, nothing is known to be absent.
    missing: usize,
}

/// What is known of workloads.
#[derive(Default)]
pub struct Workloads(Mutex<Inner>);

impl Workloads {
    /// A watch begins: nothing is known until `lists` lists were read.
    pub fn expect(&self, lists: usize) {
        self.lock().missing = lists;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A workload was made or changed. Says whether anything is kept of it.
    pub fn apply(&self, key: &Key, kind: WorkloadKind, live: &Live) -> bool {
        if !live.has_opted_in() {
            self.remove(key, kind);
            return false;
        }
        let secrets = live.secrets().into_iter().map(Into::into).collect();
        let mut inner = self.lock();
        let namespace = inner.opted_in.entry((*key.namespace).into()).or_default();
        namespace.insert(workload(key, kind), secrets);
        true
    }

    /// A workload is gone.
    pub fn remove(&self, key: &Key, kind: WorkloadKind) {
        let mut inner = self.lock();
        let Some(namespace) = inner.opted_in.get_mut(&*key.namespace) else {
            return;
        };
        namespace.remove(&workload(key, kind));
        if namespace.is_empty() {
            inner.opted_in.remove(&*key.namespace);
        }
    }

    /// After a full list of a kind in `scope` (all namespaces where absent): what was not in it is gone.
    pub fn retain(&self, scope: Option<&str>, kind: WorkloadKind, seen: &HashSet<Key>) {
        self.lock().opted_in.retain(|namespace, workloads| {
            if scope.is_none_or(|scope| *scope == **namespace) {
                workloads.retain(|workload, _| {
                    workload.kind != kind || seen.contains(&Key::new(namespace, &workload.name))
                });
            }
            !workloads.is_empty()
        });
    }

    /// One of the lists that were missing was read.
    pub fn listed(&self) {
        let mut inner = self.lock();
        inner.missing = inner.missing.saturating_sub(1);
    }

    /// The workloads to restart when a Secret's data changes, in order: of those that have opted in, which use it or are `named`.
    /// `None` while that is not known.
    pub fn concerned(
        &self,
        namespace: &str,
        secret: &str,
        named: &[Workload],
    ) -> Option<Vec<Workload>> {
        let inner = self.lock();
        if inner.missing > 0 {
            return None;
        }
        let workloads = inner.opted_in.get(namespace).into_iter().flatten();
        let mut concerned: Vec<Workload> = workloads
            .filter(|(workload, secrets)| {
                named.contains(workload) || secrets.iter().any(|used| **used == *secret)
            })
            .map(|(workload, _)| workload.clone())
            .collect();
        concerned.sort_unstable();
        Some(concerned)
    }

    /// Of the named workloads, those that are not there or have not opted in; none while that is not known.
    pub fn unwilling(&self, namespace: &str, named: &[Workload]) -> Vec<Workload> {
        let inner = self.lock();
        let known = inner.opted_in.get(namespace);
        let is_willing =
            |workload: &Workload| known.is_some_and(|known| known.contains_key(workload));
        let unwilling = named.iter().filter(|workload| !is_willing(workload));
        if inner.missing > 0 {
            Vec::new()
        } else {
            unwilling.cloned().collect()
        }
    }
}

fn workload(key: &Key, kind: WorkloadKind) -> Workload {
    Workload {
        kind,
        name: key.name.to_string(),
    }
}

#[cfg(test)]
#[path = "workloads_tests.rs"]
mod tests;

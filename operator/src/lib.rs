//! The operator of Simple Secrets Manager: it keeps ordinary Kubernetes `Secret`s equal to configs, as `SecretSync`
//! resources say.
//!
//! - [`crd`] is the resource, [`status`] what the operator says about it.
//! - [`verdict`], [`desired`] and [`plan`] decide, without any I/O, whether there is something to write, what a Secret should
//!   be, and what has to be done to make it so.
//! - [`feed`] knows the upstream: one watch stream and one set of reads for each server and token, shared by all
//!   resources that use them.
//! - [`controller`] knows the cluster: what is watched, what is queued, and [`reconcile`], which
//!   carries a plan out with [`apply`] and says so with [`report`].
//! - [`mod@restart`] knows the workloads, and restarts those that opt in after their Secret has changed.
//!
//! The operator never sees the server's internals, and no log line, metric, event or status holds a value or a token.

pub mod apply;
pub mod authorities;
pub mod check;
pub mod cleanup;
pub mod config;
pub mod controller;
pub mod copies;
pub mod crd;
pub mod desired;
pub mod events;
pub mod feed;
pub mod fields;
pub mod format;
pub mod guard;
pub mod held;
pub mod identity;
pub mod key_map;
pub mod keys;
pub mod kube_error;
pub mod leader;
pub mod merge;
pub mod metrics;
pub mod ownership;
pub mod packed;
pub mod plan;
pub mod probes;
pub mod problem;
pub mod queue;
pub mod reconcile;
pub mod release;
pub mod report;
pub mod restart;
pub mod run;
pub mod snapshot;
pub mod status;
pub mod store;
pub mod sync_report;
pub mod template;
pub mod tokens;
pub mod verdict;
pub mod write;

//! The real operator between the real server and a real kube-apiserver, with the rights that it has in a cluster.

mod authorities;
mod contents;
mod drift;
mod garbage;
mod outages;
mod ownership;
mod references;
mod refusals;
mod replicas;
mod restarts;
mod sync;
mod templates;
mod tokens;
mod without_stream;
mod workloads;
mod world;

//! The real operator between the real server and a real kube-apiserver, with the rights that it has in a cluster.

mod attacks;
mod authorities;
mod config_deleted;
mod consumers;
mod contents;
mod drift;
mod faults;
mod fields;
mod garbage;
mod merge;
mod outages;
mod ownership;
mod policies;
mod references;
mod refusals;
mod removal_guard;
mod replicas;
mod restarts;
mod shown;
mod sync;
mod templates;
mod tokens;
mod wishes;
mod without_stream;
mod workloads;
mod world;

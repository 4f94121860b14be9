//! The real operator between the real server and a real kube-apiserver, with the rights that it has in a cluster.

mod drift;
mod outages;
mod ownership;
mod references;
mod refusals;
mod replicas;
mod sync;
mod tokens;
mod without_stream;
mod world;

//! The harness: starts the real parts (server, operator, a control plane) as processes that never outlive the
//! test that started them, and waits for conditions rather than for time to pass.
//!
//! It knows the programs by their command line, environment and network only. What is missing on the machine is an
//! error that says what to do; no test is skipped for it.

pub mod caller;
pub mod canary;
mod certs;
mod control_plane;
mod crypto;
pub mod fault_proxy;
mod foreign;
mod helm;
mod kubeconfig;
mod launch;
pub mod memory;
pub mod mongodb;
pub mod objects;
mod operator;
mod paths;
mod place;
mod ports;
mod probe;
mod process;
pub mod rbac;
mod run;
mod scratch;
mod server;
mod store;
mod tools;
mod wait;

pub use certs::Pair;
pub use control_plane::{ControlPlane, ControlPlaneOptions};
pub use crypto::install_crypto;
pub use fault_proxy::FaultProxy;
pub use foreign::Foreign;
pub use helm::{CHART, Helm};
pub use launch::Launch;
pub use mongodb::{Mongo, MongoOptions, MongoUser};
pub use operator::{Operator, OperatorOptions};
pub use paths::{logs_dir, product_binary};
pub use place::Place;
pub use ports::free_port;
pub use process::{Process, Signal};
pub use run::{Ended, Run};
pub use scratch::{Scratch, scratch_left};
pub use server::{Refusal, Server, ServerOptions};
pub use tools::Tools;
pub use wait::eventually;

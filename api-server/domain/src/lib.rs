//! The whole product without I/O: what the journal's entries say, what state they come to, and how commands are
//! decided against it.
//!
//! Everything here is deterministic. The clock, randomness and keys are passed in; there is no HTTP, no database, no
//! async and no Kubernetes, and the crate's dependencies show it.

pub mod access;
pub mod access_record;
pub mod admin;
pub mod caller;
pub mod change;
pub mod cidr;
pub mod command;
pub mod compare;
pub mod configs;
pub mod credential;
pub mod digest;
pub mod dotenv;
pub mod effective;
pub mod entry;
pub mod flat;
pub mod groups;
mod hex_bytes;
pub mod history;
pub mod icons;
pub mod id;
pub mod idempotency;
pub mod import;
pub mod keys;
pub mod mappings;
pub mod me;
pub mod members;
pub mod names;
pub mod permissions;
pub mod project_members;
pub mod projects;
pub mod references;
pub mod rejection;
pub mod restore;
pub mod roles;
pub mod seal;
pub mod secret;
pub mod secrets;
pub mod settings;
pub mod signing;
pub mod snapshot;
pub mod state;
pub mod time;
pub mod tokens;
pub mod users;

//! What the domain promises, through its public interface only.

mod access;
mod admin;
mod chain;
mod changing;
mod compare;
mod configs;
mod groups;
mod idempotency;
mod keys;
mod members;
mod model;
mod races;
mod references;
mod roles;
mod rotation;
mod secrets;
mod settings;
mod snapshot;
mod support;
mod tokens;
mod users;

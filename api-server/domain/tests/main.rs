//! What the domain promises, through its public interface only.

mod access;
mod chain;
mod changing;
mod configs;
mod idempotency;
mod model;
mod races;
mod secrets;
mod snapshot;
mod support;
mod tokens;
mod users;

//! The cases, one file a resource, as the server's own endpoints are.

mod audit;
mod compare;
mod consumers;
mod history;
mod keys;
mod projects;
mod secrets;
mod signing_in;
mod system;
mod tokens;
mod workspace;

use super::case::Case;

/// All of them.
pub fn all() -> Vec<Case> {
    [
        system::cases(),
        signing_in::cases(),
        tokens::cases(),
        projects::cases(),
        secrets::cases(),
        history::cases(),
        compare::cases(),
        consumers::cases(),
        workspace::cases(),
        audit::cases(),
        keys::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

//! The endpoints, one file for each resource.

mod audit;
mod keys;
mod projects;
pub(crate) mod secrets;
mod sync_reports;
mod system;
pub(crate) mod tokens;

//! The endpoints, one file for each resource.

mod audit;
mod projects;
pub(crate) mod secrets;
mod system;
pub(crate) mod tokens;

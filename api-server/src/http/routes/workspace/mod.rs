//! The workspace: its people, what they are in it, and what holds for all of them.

pub(crate) mod groups;
pub(crate) mod mappings;
pub(crate) mod members;
pub(crate) mod project_members;
pub(crate) mod settings;

/// There is one workspace; version 1.4 gives it this slug.
pub(super) const WORKSPACE_SLUG: &str = "default";

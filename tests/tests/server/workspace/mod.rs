//! The workspace over HTTP: people, groups, roles and settings, asked for as version 1.4's clients do.

mod groups;
mod mappings;
mod me;
mod members;
mod permissions;
mod project_members;
mod settings;
mod userpass;

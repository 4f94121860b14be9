//! The workspace over HTTP: people, groups, roles and settings, asked for as version 1.4's clients do.

mod me;
mod members;
mod userpass;

//! The real server over HTTP, as its clients meet it.

mod audit;
mod authorization;
mod bad_input;
mod changing;
mod cli;
mod configs;
mod crash;
mod disk_full;
mod dotenv;
mod history;
mod idempotency;
mod onboarding;
mod schemathesis;
mod secrets;
mod startup;
mod tokens;
mod watch;

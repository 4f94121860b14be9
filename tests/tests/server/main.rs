//! The real server over HTTP, as its clients meet it.

mod audit;
mod authorization;
mod bad_input;
mod changing;
mod cli;
mod configs;
mod crash;
mod crash_steps;
mod disk_full;
mod dotenv;
mod history;
mod hostile_bodies;
mod hostile_text;
mod idempotency;
mod leaks;
mod old_clients;
mod onboarding;
mod schemathesis;
mod secrets;
mod startup;
mod tokens;
mod watch;

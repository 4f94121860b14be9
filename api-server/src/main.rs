//! `ssm-server`: HTTP in, HTTP out, and the wiring between engine and journal. The only crate that knows axum.

mod cli;
mod commands;
mod config;
mod hardening;
mod http;
mod keys;
mod logging;
mod private_file;
mod serve;
mod state;
mod store;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}

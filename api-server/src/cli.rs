//! The command line: what the program can be told to do, and how it says how that ended.

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::commands;
use crate::config::{ConfigError, SECRETS_HELP, Settings};
use crate::keys::KeyError;
use crate::serve::TlsError;

/// The server of Simple Secrets Manager.
///
/// Without a command it serves; the settings below are those of `serve`.
#[derive(Parser)]
#[command(
    name = "ssm-server",
    version,
    args_conflicts_with_subcommands = true,
    after_help = format!("{SECRETS_HELP}\n\n{EXIT_CODES}")
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  all is well
  1  it failed; the reason is on standard error
  2  the command line or a setting is wrong
  3  a verification found something that is not as it was written, or an import something that cannot be carried over";

#[derive(Subcommand)]
enum Command {
    /// Serve; the same as no command at all
    #[command(after_help = SECRETS_HELP)]
    Serve(Settings),
    /// Verify, export or sign the journal, with access to the data only
    #[command(after_help = commands::audit::EXAMPLES)]
    Audit(commands::audit::AuditArgs),
    /// Write a backup, beside a running server or without one
    #[command(after_help = commands::backup::EXAMPLES)]
    Backup(commands::backup::BackupArgs),
    /// Restore a backup into an empty place
    #[command(after_help = commands::restore::EXAMPLES)]
    Restore(commands::restore::RestoreArgs),
    /// Bring all data from an embedded database to a MongoDB, or back
    #[command(after_help = commands::migrate::EXAMPLES)]
    Migrate(commands::migrate::MigrateArgs),
    /// Import a database of version 1.4 into an empty place
    #[command(after_help = commands::import_v1::EXAMPLES)]
    ImportV1(commands::import_v1::ImportArgs),
    /// Add a user, reset a password or list users, with access to the data only
    #[command(after_help = commands::admin::EXAMPLES)]
    Admin(commands::admin::AdminArgs),
    /// Show the running server's keys, or change them
    #[command(after_help = commands::keys::EXAMPLES)]
    Keys(commands::keys::KeysArgs),
    /// Print the settings that `serve` would start with and where each is from, secrets redacted
    Config(Settings),
    /// Ask the server of these settings on this machine whether it is ready, as a container's health check does
    Healthcheck(Settings),
    /// Print openapi.json, the description of the API
    Openapi,
    /// Print what makes a shell complete this program's commands and flags
    #[command(after_help = commands::completions::EXAMPLES)]
    Completions(commands::completions::Completions),
}

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Fine,
    /// A verification found something that is not as it should be.
    Found,
}

/// Why a command failed. Its text is one sentence for whoever gave the command.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line or a setting is wrong.
    Usage(anyhow::Error),
    /// A verification found something.
    Found(anyhow::Error),
    /// Anything else.
    Failed(anyhow::Error),
}

/// How a command ended.
pub(crate) type Outcome = Result<Exit, Failure>;

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let is_usage = error.is::<ConfigError>()
            || error.is::<TlsError>()
            || error
                .downcast_ref::<KeyError>()
                .is_some_and(KeyError::is_configuration);
        if is_usage {
            Self::Usage(error)
        } else {
            Self::Failed(error)
        }
    }
}

/// Does what the command line says, and ends the process for `--help` and for what cannot be parsed.
pub(crate) fn run() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if !matches!(cli.command, None | Some(Command::Serve(_))) {
        commands::log_warnings();
    }
    let outcome = match cli.command {
        None => commands::serve::run(cli.settings),
        Some(Command::Serve(settings)) => commands::serve::run(settings),
        Some(Command::Config(settings)) => {
            let matches = matches.subcommand_matches("config").unwrap_or(&matches);
            commands::config::run(settings, matches)
        }
        Some(Command::Healthcheck(settings)) => commands::healthcheck::run(settings),
        Some(Command::Audit(args)) => commands::audit::run(args),
        Some(Command::Backup(args)) => commands::backup::run(args),
        Some(Command::Restore(args)) => commands::restore::run(args),
        Some(Command::Migrate(args)) => commands::migrate::run(args),
        Some(Command::ImportV1(args)) => commands::import_v1::run(args),
        Some(Command::Admin(args)) => commands::admin::run(args),
        Some(Command::Keys(args)) => commands::keys::run(args),
        Some(Command::Openapi) => commands::openapi::run(),
        Some(Command::Completions(shell)) => {
            commands::completions::run(&shell, &mut Cli::command())
        }
    };
    exit_code(outcome)
}

fn exit_code(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(Exit::Fine) => ExitCode::SUCCESS,
        Ok(Exit::Found) => ExitCode::from(3),
        Err(failure) => {
            let (code, error) = match failure {
                Failure::Failed(error) => (1, error),
                Failure::Usage(error) => (2, error),
                Failure::Found(error) => (3, error),
            };
            eprintln!("error: {error:#}");
            ExitCode::from(code)
        }
    }
}

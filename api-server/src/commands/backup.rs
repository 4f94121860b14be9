//! `ssm-server backup`: everything that a server needs to start again, but for its keys.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use ssm_engine::OpenError;
use ssm_engine::backup::{self, BackupError, Counts, Header};
use ssm_engine::journal::ReadError;

use super::output::{Output, is_dash};
use crate::cli::{Exit, Failure, Outcome};
use crate::config::{DataConfig, DataSettings};
use crate::{keys, store};

pub(crate) const EXAMPLES: &str = "\
Works beside a running server, and with none. The file is for its owner only, and is there whole or not at all. Values
are in it as they are stored, sealed; the encryption key and the token salt are not, and nothing can be restored without
them: keep them elsewhere.

Examples:
  ssm-server backup /backups/ssm-monday.jsonl
  ssm-server backup - | gzip > ssm.jsonl.gz";

#[derive(Args)]
pub(crate) struct BackupArgs {
    /// The file; `-` for standard output
    file: PathBuf,
    #[command(flatten)]
    data: DataSettings,
}

/// Writes it.
pub(crate) fn run(args: BackupArgs) -> Outcome {
    let config = DataConfig::new(args.data)?;
    let keys = keys::root_keys_of_data(&config)?;
    let mut output = Output::to(&args.file)?;
    let written = super::block_on(async {
        let journal = store::open_read_only(&config).await?;
        Ok(backup::write(&*journal, &keys, super::now(), &mut output).await)
    })?;
    let (header, counts) = written.map_err(|error| failure_of(&error)(error.into()))?;
    output.finish()?;
    let told = told(&header, counts);
    if is_dash(&args.file) {
        // Standard output is the backup.
        std::io::stderr().write_all(told.as_bytes())?;
    } else {
        super::print(told.as_bytes())?;
    }
    Ok(Exit::Fine)
}

/// What it is where data cannot be read as a whole, for a backup or a migration.
pub(super) fn failure_of(error: &BackupError) -> fn(anyhow::Error) -> Failure {
    match error {
        BackupError::WrongRootKey(_) => Failure::Usage,
        BackupError::Open(
            OpenError::Read(ReadError::Damaged(_))
            | OpenError::BrokenChain(_)
            | OpenError::ForeignSigningKey(_)
            | OpenError::Unsigned(_)
            | OpenError::ForeignRecord { .. },
        )
        | BackupError::Read(ReadError::Damaged(_))
        | BackupError::MissingValue { .. } => Failure::Found,
        BackupError::Open(
            OpenError::Read(ReadError::Unavailable(_))
            | OpenError::UnfinishedRestore
            | OpenError::UnfinishedMigration
            | OpenError::UnfinishedImport
            | OpenError::RolledBack(_)
            | OpenError::WrongRootKey { .. }
            | OpenError::MissingPreviousKey { .. }
            | OpenError::WrongTokenSalt { .. }
            | OpenError::Start(_),
        )
        | BackupError::Read(ReadError::Unavailable(_))
        | BackupError::Restless
        | BackupError::Empty
        | BackupError::Write(_) => Failure::Failed,
    }
}

fn told(header: &Header, counts: Counts) -> String {
    format!(
        "done; {} entries up to {}, {} values, {} records and {} access records; to restore it, the encryption key of the \
         fingerprint {} is needed\n",
        counts.entries,
        header.head.at,
        counts.values,
        counts.records,
        counts.accesses,
        header.root_key
    )
}

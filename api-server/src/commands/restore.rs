//! `ssm-server restore`: a backup into an empty place.

use std::fs::File;
use std::io::{self, BufReader, Seek as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use ssm_engine::backup::{BackupReader, NotABackup};
use ssm_engine::restore::{NotWhole, RestoreError, Restored, restore};

use super::output::is_dash;
use crate::cli::{Exit, Failure, Outcome};
use crate::config::{DataConfig, DataSettings};
use crate::{keys, store};

pub(crate) const EXAMPLES: &str = "\
DATA_DIR must be empty, but for the files ENCRYPTION_KEY and TOKEN_SALT, which are put there first where they are not
given otherwise. The backup is looked at as a whole before anything is written. A restore that is interrupted goes on
when it is started again with the same backup; until it is done, no server starts on it.

Afterwards all tokens are dead, and people sign in anew; clients see that another epoch has begun. With --keep-tokens
they live on, also those that were revoked since the backup was made.

Examples:
  DATA_DIR=/var/lib/ssm ssm-server restore /backups/ssm-monday.jsonl
  gunzip < ssm.jsonl.gz | ssm-server restore -";

#[derive(Args)]
pub(crate) struct RestoreArgs {
    /// The file; `-` for standard input
    file: PathBuf,
    /// Leave the tokens alive that were alive in the backup
    #[arg(long)]
    keep_tokens: bool,
    #[command(flatten)]
    data: DataSettings,
}

/// Restores it.
pub(crate) fn run(args: RestoreArgs) -> Outcome {
    let config = DataConfig::new(args.data)?;
    let keys = keys::load_for_restore(&config)?;
    // Before anything is made there.
    let backup = BackupReader::open(open(&args.file, &scratch(&config))?, &keys)
        .map_err(|error| failure(error.into()))?;
    let outcome = super::block_on(async {
        let journal = store::open(&config).await?;
        Ok(restore(journal, keys, backup, args.keep_tokens).await)
    })?;
    let restored = outcome.map_err(failure)?;
    super::print(told(&restored).as_bytes())?;
    Ok(Exit::Fine)
}

/// Where a file may be kept meanwhile.
fn scratch(config: &DataConfig) -> PathBuf {
    match config.mongo {
        None => config.dir.clone(),
        Some(_) => std::env::temp_dir(),
    }
}

/// A file to be read twice. What comes by standard input is kept in the data directory meanwhile, without a name.
fn open(path: &Path, dir: &Path) -> Result<BufReader<File>> {
    if !is_dash(path) {
        let file =
            File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
        return Ok(BufReader::new(file));
    }
    let keep = || -> io::Result<File> {
        let mut file = tempfile::tempfile_in(dir)?;
        io::copy(&mut io::stdin().lock(), &mut file)?;
        file.rewind()?;
        Ok(file)
    };
    let file = keep().context("standard input cannot be kept in the data directory")?;
    Ok(BufReader::new(file))
}

fn failure(error: RestoreError) -> Failure {
    match &error {
        RestoreError::Backup(NotABackup::MissingRootKey(_) | NotABackup::WrongTokenSalt { .. }) => {
            Failure::Usage(error.into())
        }
        RestoreError::Backup(NotABackup::Foreign | NotABackup::CutOff | NotABackup::Altered(_))
        | RestoreError::Differs(_)
        | RestoreError::NotWhole(NotWhole::Found(_) | NotWhole::Unopenable(_)) => {
            Failure::Found(error.into())
        }
        RestoreError::Backup(NotABackup::Read(_) | NotABackup::NewerFormat(_))
        | RestoreError::NotEmpty(_)
        | RestoreError::AnotherBegun
        | RestoreError::Read(_)
        | RestoreError::NotWhole(NotWhole::Read(_))
        | RestoreError::Append(_)
        | RestoreError::Store(_)
        | RestoreError::Open(_)
        | RestoreError::Finish(_) => Failure::Failed(error.into()),
    }
}

fn told(restored: &Restored) -> String {
    let (counts, head) = (restored.counts, restored.head);
    format!(
        "done; {} entries, {} values, {} records and {} access records were restored and verified, and all {} secrets \
         open. The journal goes on with entry {} in a new epoch\n",
        counts.entries, counts.values, counts.records, counts.accesses, restored.opened, head.seq
    )
}

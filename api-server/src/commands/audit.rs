//! `ssm-server audit`: the proof that nothing of the record was changed, without a server.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, Subcommand};
use ssm_domain::signing::{Checkpoint, PublicKey};
use ssm_engine::verify::{self, CheckpointError, Known, Report};
use ssm_engine::{Export, Stream};

use super::output::{Output, is_dash};
use crate::cli::{Exit, Failure, Outcome};
use crate::config::{DataConfig, DataSettings, KeySource};
use crate::keys;
use crate::store::{self, StoreError};

pub(crate) const EXAMPLES: &str = "\
All of them work beside a running server, and change nothing. The more is kept elsewhere, the more is proved: with the
encryption key, or with the public key of a checkpoint, who wrote the journal; with a checkpoint, that nothing was taken
away from its end since. An export is verified without anything beside it; one of the access stream that is older than
the root key behind the journal's in one file, since that names the keys of before.

Examples:
  ssm-server audit verify
  ssm-server audit verify /var/lib/ssm --checkpoint checkpoint-monday.json
  ssm-server audit export audit.jsonl
  ssm-server audit verify audit.jsonl --public-key 8f1c…
  ssm-server audit export access.jsonl --stream access
  ssm-server audit checkpoint checkpoint-monday.json";

/// The most bytes of a checkpoint's file.
const MAX_CHECKPOINT: u64 = 4_096;
/// How the files of `SQLite` begin.
const SQLITE: &[u8] = b"SQLite format 3\0";

#[derive(Args)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Look whether everything is as it was written, and name what is not
    ///
    /// Ends with code 3 where something is not.
    Verify {
        /// A data directory, or a file that `audit export` made; `-` for one on standard input. `DATA_DIR` without it
        path: Option<PathBuf>,
        /// A file that `audit checkpoint` or the API made earlier
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
        /// Who must have signed the end: 64 hexadecimal digits
        #[arg(long, value_name = "HEX")]
        public_key: Option<PublicKey>,
        #[command(flatten)]
        data: DataSettings,
    },
    /// Write the journal, or what was read and refused, as lines of JSON, which need no server to be verified; values are
    /// not in it
    Export {
        /// The file; `-` for standard output
        #[arg(default_value = "-")]
        file: PathBuf,
        /// `journal`, which is the changes, or `access`, which is reads, refusals and failed sign-ins
        #[arg(long, default_value = "journal")]
        stream: Stream,
        #[command(flatten)]
        data: DataSettings,
    },
    /// Verify everything, and write down, signed, what the journal has come to; keep it elsewhere
    Checkpoint {
        /// The file; `-` for standard output
        #[arg(default_value = "-")]
        file: PathBuf,
        #[command(flatten)]
        data: DataSettings,
    },
}

/// Does it.
pub(crate) fn run(args: AuditArgs) -> Outcome {
    match args.command {
        Command::Verify {
            path,
            checkpoint,
            public_key,
            data,
        } => {
            let checkpoint = checkpoint.map(|file| read_checkpoint(&file)).transpose()?;
            let config = DataConfig::new(data)?;
            verify_at(path, config, checkpoint.as_ref(), public_key)
        }
        Command::Export { file, stream, data } => export(&DataConfig::new(data)?, stream, &file),
        Command::Checkpoint { file, data } => make_checkpoint(&DataConfig::new(data)?, &file),
    }
}

fn verify_at(
    path: Option<PathBuf>,
    mut config: DataConfig,
    checkpoint: Option<&Checkpoint>,
    public_key: Option<PublicKey>,
) -> Outcome {
    let export = match path {
        Some(path) if is_dash(&path) => Some(Source::Stdin),
        Some(path) if path.is_dir() => {
            config.dir = path;
            None
        }
        Some(path) => Some(open_export(&path)?),
        None => None,
    };
    let keys = match export {
        // The key that lies in some data directory need not be the one of an export.
        Some(_) if config.encryption_key == KeySource::DataDir => None,
        Some(_) | None => keys::root_keys(&config)?,
    };
    let known = Known {
        keys: keys.as_ref(),
        public_key,
        checkpoint,
        written: None,
    };
    let report = match export {
        Some(Source::Stdin) => verify::verify_export(io::stdin().lock(), known),
        Some(Source::File(file)) => verify::verify_export(file, known),
        None => match super::block_on(data(&config, known)) {
            Ok(report) => return tell(&report, known),
            // What cannot even be opened is told as what it is.
            Err(error) if is_damage(&error) => {
                super::print(format!("NOT AS IT WAS WRITTEN: {error}\n").as_bytes())?;
                return Ok(Exit::Found);
            }
            Err(error) => return Err(error.into()),
        },
    };
    tell(&report.context("the export cannot be read")?, known)
}

async fn data(config: &DataConfig, known: Known<'_>) -> Result<Report> {
    let journal = store::open_read_only(config).await?;
    Ok(verify::verify(&*journal, known).await?)
}

fn is_damage(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<StoreError>();
    error.is_some_and(StoreError::is_damage)
}

/// An export to be verified.
enum Source {
    Stdin,
    File(BufReader<File>),
}

fn open_export(path: &Path) -> Result<Source, Failure> {
    let cannot = || format!("{} cannot be read", path.display());
    let mut file = BufReader::new(File::open(path).with_context(cannot)?);
    if file.fill_buf().with_context(cannot)?.starts_with(SQLITE) {
        return Err(Failure::Usage(anyhow!(
            "{} is a database; give the data directory that it is in",
            path.display()
        )));
    }
    Ok(Source::File(file))
}

/// Says what was looked at and what was found.
fn tell(report: &Report, known: Known<'_>) -> Outcome {
    let (head, mut told) = (report.head, String::new());
    let accesses = report.access.as_ref().map_or(0, |access| access.records);
    if report.entries > 0 || accesses == 0 {
        let _ = writeln!(
            told,
            "entries     {}, up to {} at {}\nhead        {}",
            report.entries, head.seq, head.at, head.hash
        );
    }
    if report.access.is_some() {
        let _ = writeln!(told, "access      {accesses} records");
    }
    let access_signed_by = report.access.iter().flat_map(|access| &access.signed_by);
    for key in report.signed_by.iter().chain(access_signed_by) {
        let by = match (known.keys, known.public_key) {
            (Some(_), _) => "compared with the encryption key",
            (None, Some(_)) => "compared with the key that was given",
            (None, None) => "compared with nothing: give the encryption key, or --public-key",
        };
        let _ = writeln!(told, "signed by   {key}, {by}");
    }
    if let Some(checkpoint) = known.checkpoint {
        let _ = writeln!(
            told,
            "checkpoint  of entry {} at {}",
            checkpoint.seq, checkpoint.at
        );
    }
    for finding in &report.findings {
        let _ = writeln!(told, "NOT AS IT WAS WRITTEN: {finding}");
    }
    if report.gave_up {
        told.push_str("and so on; the rest was not looked at\n");
    }
    if report.is_ok() {
        told.push_str("all is as it was written\n");
    }
    super::print(told.as_bytes())?;
    Ok(if report.is_ok() {
        Exit::Fine
    } else {
        Exit::Found
    })
}

fn export(config: &DataConfig, stream: Stream, file: &Path) -> Outcome {
    let mut output = Output::to(file)?;
    super::block_on(async {
        let journal = store::open_read_only(config).await?;
        let mut export = Export::begin(journal, stream).await?;
        while let Some(lines) = export.next().await? {
            output
                .write_all(&lines)
                .context("the export cannot be written")?;
        }
        Ok(())
    })?;
    output.finish()?;
    Ok(Exit::Fine)
}

fn make_checkpoint(config: &DataConfig, file: &Path) -> Outcome {
    let keys = keys::root_keys_of_data(config)?;
    let made = super::block_on(async {
        let journal = store::open_read_only(config).await?;
        Ok(verify::checkpoint(&*journal, &keys, super::now()).await)
    })?;
    let checkpoint = match made {
        Ok(checkpoint) => checkpoint,
        Err(CheckpointError::Damaged(finding)) => {
            return Err(Failure::Found(anyhow!("no checkpoint was made: {finding}")));
        }
        Err(error) => return Err(error.into()),
    };
    let mut text = serde_json::to_string_pretty(&checkpoint).context("a checkpoint is text")?;
    text.push('\n');
    let mut output = Output::to(file)?;
    output.write_all(text.as_bytes())?;
    output.finish()?;
    Ok(Exit::Fine)
}

fn read_checkpoint(path: &Path) -> Result<Checkpoint, Failure> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_CHECKPOINT).read_to_string(&mut text))
        .with_context(|| format!("the checkpoint {} cannot be read", path.display()))?;
    serde_json::from_str(&text)
        .map_err(|_| Failure::Usage(anyhow!("{} is not a checkpoint", path.display())))
}

//! `ssm-server import-v1`: what version 1.4 kept in a MongoDB, into an empty place.

mod origin;
mod plan;
mod report;

use anyhow::{Result, anyhow};
use clap::Args;
use ssm_engine::import::{ImportError, Imported, check_empty, import};
use ssm_engine::restore::NotWhole;
use ssm_journal_mongodb::OpenError;
use ssm_journal_mongodb::version1::{self, Version1Error};

use self::origin::Origin;
use self::plan::Plan;
use crate::cli::{Exit, Failure, Outcome};
use crate::config::{DataConfig, DataSettings};
use crate::keys;
use crate::store::{self, StoreError};

pub(crate) const EXAMPLES: &str = "\
Stop version 1.4 first. Its database is read and never written; what comes along goes where the settings point: into
DATA_DIR, with key files made as on a first start, or into a MongoDB, which may be the same one with other names in
DATA_DATABASE and AUTH_DATABASE. That place must be empty.

All is looked at before anything is written. Where something cannot be carried over, nothing is written, the report says
what it is and why, and the code is 3; mend it in version 1.4, or leave it out with --skip-invalid. An import that is
interrupted goes on when it is started again with the same database; until it is done, no server starts on it.

Passwords and tokens cannot be carried over. Everybody is disabled until they get a new password, and the report names
the tokens. Values are never printed.

A connection string with a password in it is not taken as an argument, which any user of the machine can see: put it into
a file and name that with --from-file, or into the variable IMPORT_FROM.

Examples:
  ssm-server import-v1 --from mongodb://localhost:27017 --dry-run
  ssm-server import-v1 --from-file /run/secrets/old-mongodb
  DATA_DATABASE=ssm_data AUTH_DATABASE=ssm_auth ssm-server import-v1 --from-file /run/secrets/mongodb \\
      --connection-string-file /run/secrets/mongodb";

#[derive(Args)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    origin: Origin,
    /// Read and tell everything, and write nothing at all
    #[arg(long)]
    dry_run: bool,
    /// Leave out what cannot be carried over, instead of stopping
    #[arg(long)]
    skip_invalid: bool,
    #[command(flatten)]
    data: DataSettings,
}

/// Imports it.
pub(crate) fn run(args: ImportArgs) -> Outcome {
    let options = args.origin.options()?;
    let config = DataConfig::new(args.data)?;
    let (source, plan) = super::block_on(async {
        refuse_filled(&config).await?;
        let source = version1::read(&options).await?;
        let plan = plan::plan(&source, super::now());
        Ok((source, plan))
    })
    .map_err(usage)?;
    let Plan { units, report } = plan;
    super::print(report.text().as_bytes())?;
    let lost = report.lost.len();
    if lost > 0 && !args.skip_invalid {
        return Err(Failure::Found(anyhow!(
            "{lost} things cannot be carried over, so nothing was written; mend them in version 1.4, or leave them out with \
             --skip-invalid"
        )));
    }
    if args.dry_run {
        super::print(b"\nNothing was written (--dry-run)\n")?;
        return Ok(Exit::Fine);
    }
    let keys = keys::load(&config)?;
    // Another release may plan other units, behind which it must not go on.
    let release = env!("CARGO_PKG_VERSION").as_bytes();
    let skips = [u8::from(args.skip_invalid)];
    let what: [&[u8]; 3] = [source.digest.as_bytes(), &skips, release];
    let imported = super::block_on(async {
        let journal = store::open(&config).await?;
        Ok(import(journal, keys, &what, units).await?)
    })
    .map_err(failure)?;
    super::print(told(&config, &imported).as_bytes())?;
    Ok(Exit::Fine)
}

/// Refuses a place with something in it, before anything is read, and without making anything there.
async fn refuse_filled(config: &DataConfig) -> Result<()> {
    if config.mongo.is_none() && !config.database().exists() {
        return Ok(());
    }
    match store::open_read_only(config).await {
        Ok(journal) => Ok(check_empty(&*journal).await?),
        Err(StoreError::Mongo(OpenError::Missing { .. })) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// To name the wrong database is a mistake on the command line.
fn usage(error: anyhow::Error) -> Failure {
    match error.downcast_ref::<Version1Error>() {
        Some(Version1Error::NotThatOld(_) | Version1Error::NotVersion1 { .. }) => {
            Failure::Usage(error)
        }
        Some(Version1Error::Open(_) | Version1Error::Read { .. }) | None => Failure::from(error),
    }
}

/// What was imported and is not as it was written is a finding, as after a restore.
fn failure(error: anyhow::Error) -> Failure {
    use NotWhole::{Found, Unopenable};
    match error.downcast_ref::<ImportError>() {
        Some(ImportError::NotWhole(Found(_) | Unopenable(_))) => Failure::Found(error),
        Some(_) | None => Failure::from(error),
    }
}

fn told(config: &DataConfig, imported: &Imported) -> String {
    let (place, seq, opened) = (store::name(config), imported.head.seq, imported.opened);
    let keys = if config.mongo.is_none() {
        "BACK UP the key files ENCRYPTION_KEY and TOKEN_SALT in DATA_DIR now, apart from the database"
    } else {
        "Keep a copy of ENCRYPTION_KEY and TOKEN_SALT apart from the database"
    };
    format!(
        "\ndone; {seq} entries are in {place} and verified, and all {opened} secrets open. {keys}: without them nothing can be \
         opened again\n"
    )
}

//! `ssm-server migrate`: the journal from one place to another, as it is.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use ssm_engine::migrate::{MigrateError, Migrated, Source};
use ssm_engine::restore::NotWhole;

use super::backup;
use crate::cli::{Exit, Failure, Outcome};
use crate::config::{DataConfig, KeySource, PlaceSettings, Places};
use crate::{keys, store};

pub(crate) const EXAMPLES: &str = "\
A place is the data directory of an embedded database, or `mongodb`: the MongoDB that MONGODB_URI or CONNECTION_STRING
names, with DATA_DATABASE and AUTH_DATABASE. A connection string without a password may be written instead. A directory of
the name mongodb is ./mongodb.

Stop every server of the source first. It is only read, and stays as it is; the target must be empty. Everything is copied
as it is, read again in both places and compared, and verified, before it is said to be done. One that is interrupted
goes on when it is started again; until it is done, no server starts on the target. Tokens, sessions, ETags, revisions and
checkpoints go on, so never start a server on the source again beside those on the target. Snapshots do not travel, since
servers make them anew.

The keys stay the same. Those in an embedded source's directory are used, or ENCRYPTION_KEY and TOKEN_SALT; in an embedded
target's directory they are kept as files.

Examples:
  MONGODB_URI=mongodb://ssm:…@db/?replicaSet=rs0 ssm-server migrate --from ./data --to mongodb
  ssm-server migrate --from mongodb --to /var/lib/ssm";

#[derive(Args)]
pub(crate) struct MigrateArgs {
    /// Where the data is: a data directory, or `mongodb`
    #[arg(long, value_name = "PLACE")]
    from: String,
    /// Where it is to go: a data directory, or `mongodb`
    #[arg(long, value_name = "PLACE")]
    to: String,
    #[command(flatten)]
    settings: PlaceSettings,
}

/// Migrates it.
pub(crate) fn run(args: MigrateArgs) -> Outcome {
    let Places { from, to } = Places::new(args.from, args.to, args.settings)?;
    let migrated = super::block_on(migrate(&from, &to));
    let migrated = migrated.map_err(|error| match error.downcast() {
        Ok(error) => failure(error),
        Err(error) => error.into(),
    })?;
    super::print(told(&from, &to, &migrated).as_bytes())?;
    Ok(Exit::Fine)
}

async fn migrate(from: &DataConfig, to: &DataConfig) -> Result<Migrated> {
    let (with_keys, keys) = match &from.mongo {
        None => (from, keys::load_existing(from)?),
        Some(_) => (to, keys::load_for_restore(to)?),
    };
    let source = Source::open(store::open_alone(from).await?, keys).await?;
    let migration = source.into(store::open(to).await?).await?;
    if to.mongo.is_none() {
        keys::keep(with_keys, to)?;
    }
    Ok(migration.finish().await?)
}

fn failure(error: MigrateError) -> Failure {
    let failure = match &error {
        MigrateError::Source(source) => backup::failure_of(source),
        MigrateError::Keys(_) => Failure::Usage,
        MigrateError::Differs(_)
        | MigrateError::NotWhole(NotWhole::Found(_) | NotWhole::Unopenable(_)) => Failure::Found,
        MigrateError::NotEmpty(_)
        | MigrateError::AnotherBegun
        | MigrateError::InUse
        | MigrateError::Read(_)
        | MigrateError::Append(_)
        | MigrateError::Store(_)
        | MigrateError::Open(_)
        | MigrateError::NotWhole(NotWhole::Read(_)) => Failure::Failed,
    };
    failure(error.into())
}

fn told(from: &DataConfig, to: &DataConfig, migrated: &Migrated) -> String {
    let (counts, head) = (migrated.counts, migrated.head);
    format!(
        "done; {} entries up to {} ({}), {} values, {} records and {} access records are the same in {} and in {}, and all {} \
         secrets open. {} Start no server on {} again\n",
        counts.entries,
        head.seq,
        head.hash,
        counts.values,
        counts.records,
        counts.accesses,
        store::name(from),
        store::name(to),
        migrated.opened,
        keys_told(from, to),
        store::name(from),
    )
}

/// What is to be done with the keys.
fn keys_told(from: &DataConfig, to: &DataConfig) -> String {
    if to.mongo.is_none() {
        return format!(
            "The keys are in {}: back up ENCRYPTION_KEY and TOKEN_SALT there apart from the database.",
            to.dir.display()
        );
    }
    let place = |source: &KeySource, name: &str| -> Option<PathBuf> {
        (*source == KeySource::DataDir).then(|| from.key_file(name))
    };
    let files = [
        place(&from.encryption_key, "ENCRYPTION_KEY"),
        place(&from.token_salt, "TOKEN_SALT"),
    ];
    let files: Vec<String> = files
        .into_iter()
        .flatten()
        .map(|path| path.display().to_string())
        .collect();
    let where_they_are = if files.is_empty() {
        "the same as now".to_owned()
    } else {
        format!("see {}", files.join(" and "))
    };
    format!(
        "Give its servers ENCRYPTION_KEY and TOKEN_SALT, or files with them as …_FILE ({where_they_are})."
    )
}

//! Writes a long history into the data directory of a server that was started once and stopped, to measure how long the
//! next start takes: `cargo run --release -p ssm-journal-sqlite --example fill -- DATA_DIR ENTRIES`.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ssm_domain::caller::Actor;
use ssm_domain::configs::CreateConfig;
use ssm_domain::credential::TokenSalt;
use ssm_domain::names::ConfigPath;
use ssm_domain::projects::CreateProject;
use ssm_domain::seal::RootKey;
use ssm_domain::secret::SecretValue;
use ssm_domain::secrets::{SetSecret, WriteSecrets};
use ssm_engine::{Engine, Keys, Requester};
use ssm_journal_sqlite::SqliteJournal;
use tokio::task::JoinSet;

/// So many secrets there are, however often they are written.
const SECRETS: u64 = 1_000;
/// So many writes wait at a time, which makes large batches.
const AT_ONCE: usize = 512;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(dir), Some(entries)) = (arguments.next(), arguments.next()) else {
        return Err("the arguments are DATA_DIR and ENTRIES".into());
    };
    let (dir, entries) = (Path::new(&dir), entries.parse::<u64>()?);
    let keys = Keys {
        root: RootKey::parse(&std::fs::read_to_string(dir.join("ENCRYPTION_KEY"))?)?,
        previous: vec![],
        salt: TokenSalt::parse(&std::fs::read_to_string(dir.join("TOKEN_SALT"))?)?,
    };
    let started = Instant::now();
    let engine = Engine::open(Arc::new(SqliteJournal::open(dir)?), keys).await?;
    println!("opened after {:?}", started.elapsed());

    let path = ConfigPath::parse("filled", "base")?;
    if engine.state().config_at(&path).is_none() {
        begin(&engine, &path).await?;
    }
    let mut writing = JoinSet::new();
    for number in 0..entries {
        if writing.len() >= AT_ONCE
            && let Some(written) = writing.join_next().await
        {
            written??;
        }
        let write = WriteSecrets {
            path: path.clone(),
            set: vec![SetSecret::new(
                format!("KEY_{}", number % SECRETS).parse()?,
                SecretValue::new(number.to_string()),
            )],
            delete: vec![],
            expected: None,
        };
        let engine = engine.clone();
        writing.spawn(async move { engine.run(server(), write).await.map(drop) });
    }
    while let Some(written) = writing.join_next().await {
        written??;
    }
    engine.shut_down().await;
    println!(
        "{} entries after {:?}",
        engine.state().head().seq,
        started.elapsed()
    );
    Ok(())
}

async fn begin(engine: &Engine, path: &ConfigPath) -> Result<(), Failure> {
    let project = CreateProject {
        slug: path.project.clone(),
        name: None,
        description: None,
    };
    engine.run(server(), project).await?;
    let config = CreateConfig {
        path: path.clone(),
        name: None,
        parent: None,
    };
    engine.run(server(), config).await?;
    Ok(())
}

fn server() -> Requester {
    Requester {
        actor: Actor::System,
        request: None,
    }
}

//! Migrations from one journal in memory to another.

use std::sync::Arc;

use ssm_domain::credential::TokenSalt;
use ssm_domain::seal::RootKey;
use ssm_domain::time::Timestamp;
use ssm_engine::activity::{ActivityKind, ActivityRecord, ActivityStore as _};
use ssm_engine::backup::BackupError;
use ssm_engine::memory::MemoryJournal;
use ssm_engine::migrate::{MigrateError, Migration, Source};
use ssm_engine::{Keys, OpenError};

use crate::support::{ROOT, SALT, open, open_with, put, shop, value};

fn keys() -> Keys {
    Keys {
        root: RootKey::parse(ROOT).unwrap(),
        previous: Vec::new(),
        salt: TokenSalt::parse(SALT).unwrap(),
    }
}

async fn begun(
    source: &Arc<MemoryJournal>,
    target: &Arc<MemoryJournal>,
) -> Result<Migration, MigrateError> {
    let source = Source::open(source.clone(), keys()).await?;
    source.into(target.clone()).await
}

/// A journal with a secret, and an empty one.
async fn places() -> (Arc<MemoryJournal>, Arc<MemoryJournal>) {
    let source = Arc::default();
    let engine = open(&source).await;
    shop(&engine).await;
    put(&engine, "web/base", "A", "1").await.unwrap();
    (source, Arc::default())
}

#[tokio::test]
async fn what_may_be_lost_travels_too() {
    let (source, target) = places().await;
    let remembered = ActivityRecord {
        kind: ActivityKind::Throttle,
        id: "a".to_owned(),
        body: b"{}".to_vec(),
        expires_at: Timestamp::from_millis(i64::MAX),
    };
    let records = Arc::from([remembered.clone()]);
    source
        .save_activity(records, Timestamp::START)
        .await
        .unwrap();
    let migrated = begun(&source, &target)
        .await
        .unwrap()
        .finish()
        .await
        .unwrap();
    assert_eq!(migrated.opened, 1);
    assert_eq!(target.load_activity().await.unwrap(), [remembered]);
    let engine = open(&target).await;
    assert_eq!(engine.state().head(), &migrated.head);
    assert_eq!(value(&engine, "web/prod", "A").as_deref(), Some("1"));
}

#[tokio::test]
async fn a_source_that_goes_on_meanwhile_is_not_migrated() {
    let (source, target) = places().await;
    let engine = open(&source).await;
    let migration = begun(&source, &target).await.unwrap();
    put(&engine, "web/base", "A", "2").await.unwrap();
    let refused = migration.finish().await;
    assert!(matches!(refused, Err(MigrateError::InUse)), "{refused:?}");
    let started = open_with(&target, ROOT, SALT).await;
    assert!(matches!(started, Err(OpenError::UnfinishedMigration)));
    let again = begun(&source, &target).await;
    assert!(matches!(again, Err(MigrateError::AnotherBegun)));
}

#[tokio::test]
async fn a_source_of_which_something_is_missing_is_not_migrated() {
    let (source, target) = places().await;
    source.lose_values();
    let migration = begun(&source, &target).await.unwrap();
    let refused = migration.finish().await;
    let missing = matches!(
        refused,
        Err(MigrateError::Source(BackupError::MissingValue { .. }))
    );
    assert!(missing, "{refused:?}");
    let started = open_with(&target, ROOT, SALT).await;
    assert!(matches!(started, Err(OpenError::UnfinishedMigration)));
}

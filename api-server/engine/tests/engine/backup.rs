//! Backups and restores, from one journal in memory to another.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use ssm_domain::access::Action;
use ssm_domain::access_record::{Access, AccessHead};
use ssm_domain::command::AuthStore;
use ssm_domain::credential::TokenSalt;
use ssm_domain::entry::{EntryActor, Target};
use ssm_domain::id::{OpId, ServerId};
use ssm_domain::keys::RotateDataKeys;
use ssm_domain::projects::DeleteProject;
use ssm_domain::seal::{KeyRing, RootKey};
use ssm_domain::time::Timestamp;
use ssm_engine::access::{AccessStore as _, ChainedAccess};
use ssm_engine::backup::{self, BackupError, BackupReader, NotABackup};
use ssm_engine::memory::{Fault, MemoryJournal};
use ssm_engine::restore::{RestoreError, Restored, restore};
use ssm_engine::verify::{Known, verify};
use ssm_engine::{Engine, Keys, OpenError, Requester};

use crate::support::{
    ROOT, SALT, an_owner, create_config, create_project, open, open_with, put, server,
    service_token, shop, value,
};

const NEW_ROOT: &str = "lT2j0qY3gmbVnS0fWq9m1o7H3c5yZkq4x8uJwM6rT1E=";

fn keys(root: &str, previous: &[&str]) -> Keys {
    Keys {
        root: RootKey::parse(root).unwrap(),
        previous: previous
            .iter()
            .map(|key| RootKey::parse(key).unwrap())
            .collect(),
        salt: TokenSalt::parse(SALT).unwrap(),
    }
}

fn ring(keys: Keys) -> KeyRing {
    KeyRing::with_previous(keys.root, keys.previous)
}

async fn back_up(journal: &Arc<MemoryJournal>, keys: Keys) -> Vec<u8> {
    let mut backup = Vec::new();
    backup::write(&**journal, &ring(keys), Timestamp::START, &mut backup)
        .await
        .unwrap();
    backup
}

async fn restore_to(
    journal: &Arc<MemoryJournal>,
    backup: &[u8],
    keys: impl Fn() -> Keys,
    keep_tokens: bool,
) -> Result<Restored, RestoreError> {
    let reader = BackupReader::open(Cursor::new(backup), &keys())?;
    restore(journal.clone(), keys(), reader, keep_tokens).await
}

fn old() -> Keys {
    keys(ROOT, &[])
}

/// A journal with a secret in two versions and a token, and its backup.
async fn kept() -> (Arc<MemoryJournal>, Vec<u8>) {
    let journal = Arc::default();
    let engine = open(&journal).await;
    shop(&engine).await;
    put(&engine, "web/base", "A", "first").await.unwrap();
    put(&engine, "web/base", "A", "second").await.unwrap();
    service_token(&engine, &[Action::SecretsRead], "web/prod").await;
    let backup = back_up(&journal, old()).await;
    (journal, backup)
}

fn alive(engine: &Engine) -> usize {
    let (state, now) = (engine.state(), engine.now());
    state.tokens().filter(|token| token.is_alive(now)).count()
}

#[tokio::test]
async fn what_is_restored_is_what_was_there_in_a_new_epoch_and_without_tokens() {
    let (journal, backup) = kept().await;
    let before = open(&journal).await;
    for keep_tokens in [false, true] {
        let restored = Arc::default();
        let told = restore_to(&restored, &backup, old, keep_tokens)
            .await
            .unwrap();
        assert_eq!((told.opened, told.counts.values), (1, 2));
        let after = open(&restored).await;
        assert_eq!(value(&after, "web/prod", "A").as_deref(), Some("second"));
        assert_eq!(after.state().head().seq, before.state().head().seq + 1);
        let epoch = |engine: &Engine| engine.state().journal().unwrap().epoch;
        assert_ne!(epoch(&after), epoch(&before));
        assert_eq!(alive(&after), usize::from(keep_tokens));
        put(&after, "web/base", "B", "goes on").await.unwrap();
    }
}

#[tokio::test]
async fn the_same_journal_gives_the_same_backup_and_no_backup_tells_a_value() {
    let (journal, backup) = kept().await;
    assert_eq!(back_up(&journal, old()).await, backup);
    let text = String::from_utf8(backup).unwrap();
    for secret in ["first", "second", ROOT, SALT] {
        assert!(!text.contains(secret), "{secret} is in the backup");
    }
    assert!(matches!(
        backup::write(
            &*Arc::new(MemoryJournal::default()),
            &ring(old()),
            Timestamp::START,
            &mut Vec::new()
        )
        .await,
        Err(BackupError::Empty)
    ));
    assert!(matches!(
        backup::write(
            &*journal,
            &ring(keys(NEW_ROOT, &[])),
            Timestamp::START,
            &mut Vec::new()
        )
        .await,
        Err(BackupError::WrongRootKey(_))
    ));
}

#[tokio::test]
async fn nothing_is_restored_to_where_something_is() {
    let (journal, backup) = kept().await;
    let refused = restore_to(&journal, &backup, old, false).await;
    assert!(
        matches!(refused, Err(RestoreError::NotEmpty(7))),
        "{refused:?}"
    );
    open(&journal).await;
}

#[tokio::test]
async fn a_backup_needs_its_keys() {
    let (_, backup) = kept().await;
    let open = |keys| BackupReader::open(Cursor::new(&backup[..]), &keys).err();
    assert!(open(old()).is_none() && open(keys(NEW_ROOT, &[ROOT])).is_none());
    assert!(matches!(
        open(keys(NEW_ROOT, &[])),
        Some(NotABackup::MissingRootKey(_))
    ));
    let salt = Keys {
        salt: TokenSalt::parse(NEW_ROOT).unwrap(),
        ..old()
    };
    assert!(matches!(
        open(salt),
        Some(NotABackup::WrongTokenSalt { .. })
    ));
}

#[tokio::test]
async fn a_backup_that_is_cut_off_or_goes_on_is_refused() {
    let (_, backup) = kept().await;
    let open = |bytes: &[u8]| BackupReader::open(Cursor::new(bytes.to_vec()), &old()).err();
    let lines: Vec<usize> = (1..backup.len())
        .filter(|at| backup[at - 1] == b'\n')
        .collect();
    for end in lines {
        assert!(open(&backup[..end]).is_some(), "cut off at {end}");
    }
    assert!(open(&[&backup[..], b"\n"].concat()).is_some());
    assert!(open(&[&backup[..], &backup[..]].concat()).is_some());
    for foreign in [&b""[..], b"hello", b"{}\n", b"{\"seq\":1}\n"] {
        assert!(matches!(open(foreign), Some(NotABackup::Foreign)));
    }
    let later = br#"{"backup":{"format":2,"new":true}}"#;
    let later = open(&[&later[..], b"\n"].concat());
    assert!(matches!(later, Some(NotABackup::NewerFormat(2))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_change_of_a_backup_is_noticed(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        static KEPT: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let kept = KEPT.get_or_init(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(kept()).1
        });
        let mut backup = kept.clone();
        let at = at.index(backup.len());
        backup[at] ^= 1 << bit;
        prop_assert!(BackupReader::open(Cursor::new(backup), &old()).is_err());
    }
}

#[tokio::test]
async fn any_change_of_the_last_line_which_the_mac_does_not_take_in_is_noticed() {
    let (_, backup) = kept().await;
    let last = backup
        .trim_ascii_end()
        .iter()
        .rposition(|byte| *byte == b'\n');
    for at in last.unwrap()..backup.len() {
        for bit in 0..8 {
            let mut backup = backup.clone();
            backup[at] ^= 1 << bit;
            let opened = BackupReader::open(Cursor::new(backup), &old());
            assert!(opened.is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[tokio::test]
async fn a_restore_that_stops_anywhere_goes_on_with_the_same_backup_and_no_engine_starts_before() {
    let (_, backup) = kept().await;
    let (_, other) = kept().await;
    for fault in [Fault::Refused, Fault::Half] {
        let restored = Arc::<MemoryJournal>::default();
        restored.inject(move || Some(fault));
        assert!(restore_to(&restored, &backup, old, false).await.is_err());
        let started = open_with(&restored, ROOT, SALT).await;
        assert!(matches!(started, Err(OpenError::UnfinishedRestore)));
        restored.heal();
        for (backup, keep_tokens) in [(&other, false), (&backup, true)] {
            let refused = restore_to(&restored, backup, old, keep_tokens).await;
            assert!(matches!(refused, Err(RestoreError::AnotherBegun)));
        }
        restore_to(&restored, &backup, old, false).await.unwrap();
        let engine = open(&restored).await;
        assert_eq!(value(&engine, "web/prod", "A").as_deref(), Some("second"));
        let again = restore_to(&restored, &backup, old, false).await;
        assert!(matches!(again, Err(RestoreError::NotEmpty(8))), "{again:?}");
    }
}

/// Why no backup is written of it.
async fn refused(journal: &Arc<MemoryJournal>) -> BackupError {
    let outcome = backup::write(&**journal, &ring(old()), Timestamp::START, &mut Vec::new()).await;
    outcome.unwrap_err()
}

#[tokio::test]
async fn what_is_lost_is_told_instead_of_being_backed_up() {
    let (journal, _) = kept().await;
    journal.lose_values();
    let lost = refused(&journal).await;
    assert!(matches!(lost, BackupError::MissingValue { .. }), "{lost:?}");

    let (journal, _) = kept().await;
    journal.tamper_records(AuthStore::Tokens, |_, body| body[0] ^= 1);
    let foreign = refused(&journal).await;
    assert!(
        matches!(
            foreign,
            BackupError::Open(OpenError::ForeignRecord {
                store: "tokens",
                ..
            })
        ),
        "{foreign:?}"
    );
}

#[tokio::test]
async fn what_no_engine_starts_on_is_not_backed_up() {
    let (_, backup) = kept().await;
    let restored = Arc::<MemoryJournal>::default();
    restored.inject(|| Some(Fault::Half));
    assert!(restore_to(&restored, &backup, old, false).await.is_err());
    restored.heal();
    let unfinished = refused(&restored).await;
    assert!(
        matches!(unfinished, BackupError::Open(OpenError::UnfinishedRestore)),
        "{unfinished:?}"
    );
}

#[tokio::test]
async fn a_restore_keeps_records_of_reads_however_old_they_are() {
    let (journal, _) = kept().await;
    let access = Access {
        id: OpId::MIN,
        at: Timestamp::START,
        until: Timestamp::START,
        count: 1,
        actor: EntryActor::server(),
        request: None,
        action: "secrets.read".into(),
        target: Target::default(),
        status: 200,
        latency_ms: None,
    };
    let head = AccessHead::empty(ServerId::MIN);
    let old_one = [ChainedAccess::behind(&head, access)];
    let bytes = old_one[0].stored.bytes.clone();
    journal.append_access(old_one.into()).await.unwrap();
    let backup = back_up(&journal, old()).await;
    let restored = Arc::default();
    restore_to(&restored, &backup, old, false).await.unwrap();
    let kept = restored.read_access(None, 10).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].bytes, bytes);
}

/// Makes and deletes projects, and changes keys, some times and until there is `enough`.
async fn write_on(engine: Engine, owner: Requester, n: usize, enough: Arc<AtomicBool>) {
    for round in 0.. {
        if round >= 20 && enough.load(Ordering::Relaxed) {
            return;
        }
        let project = format!("p{n}-{}", round % 3);
        create_project(&engine, &project).await.unwrap();
        create_config(&engine, &format!("{project}/c"), None)
            .await
            .unwrap();
        put(&engine, &format!("{project}/c"), "A", &round.to_string())
            .await
            .unwrap();
        let rotate = RotateDataKeys { project: None };
        engine.run(owner.clone(), rotate).await.unwrap();
        put(&engine, "web/base", &format!("K{n}"), &round.to_string())
            .await
            .unwrap();
        let slug = project.parse().unwrap();
        engine.run(server(), DeleteProject { slug }).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_backup_beside_an_engine_that_goes_on_is_whole() {
    let both = || keys(NEW_ROOT, &[ROOT]);
    let journal = Arc::<MemoryJournal>::default();
    shop(&open(&journal).await).await;
    let engine = Engine::open(journal.clone(), both()).await.unwrap();
    let owner = an_owner(&engine).await;
    let enough = Arc::<AtomicBool>::default();
    let write = |n| write_on(engine.clone(), owner.clone(), n, enough.clone());
    let writers: Vec<_> = (0..3).map(|n| tokio::spawn(write(n))).collect();
    let mut backups = Vec::new();
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        backups.push(back_up(&journal, both()).await);
        if backups.len() == 2 {
            engine.rotate_root_key(owner.clone()).await.unwrap();
        }
        enough.store(backups.len() > 2, Ordering::Relaxed);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(backups.len() > 2, "only {} backups", backups.len());
    // The first, the last, and some in between: each takes a while to be verified.
    for backup in backups
        .iter()
        .step_by(backups.len().div_ceil(6))
        .chain(backups.last())
    {
        let restored = Arc::<MemoryJournal>::default();
        restore_to(&restored, backup, both, false).await.unwrap();
        let ring = ring(both());
        let known = Known {
            keys: Some(&ring),
            ..Known::default()
        };
        let report = verify(&*restored, known).await.unwrap();
        assert!(report.is_ok(), "{:?}", report.findings);
    }
}

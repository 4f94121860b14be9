//! Reading a config's history from the journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::support::{open, path, put, server, shop, write};
use ssm_domain::access::Action;
use ssm_domain::caller::Actor;
use ssm_domain::configs::UpdateConfig;
use ssm_domain::names::Key;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::secrets::{Edit, WriteSecrets};
use ssm_engine::memory::MemoryJournal;
use ssm_engine::{ConfigReader, Engine, KeyVersion, ReadFailure};

async fn started() -> (Arc<MemoryJournal>, Engine) {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    shop(&engine).await;
    (journal, engine)
}

fn reader(engine: &Engine, at: &str) -> ConfigReader {
    engine
        .read(&Actor::System, Action::ConfigsRead, &path(at))
        .unwrap()
}

async fn delete(engine: &Engine, at: &str, name: &str) -> u64 {
    let command = WriteSecrets {
        set: Vec::new(),
        delete: vec![key(name)],
        ..write(at, name, "")
    };
    engine.run(server(), command).await.unwrap().revision
}

fn key(name: &str) -> Key {
    name.parse().unwrap()
}

/// A version as `revision:version=value`, or `revision:deleted`.
async fn told(reader: &ConfigReader, name: &str, versions: &[KeyVersion]) -> Vec<String> {
    let opened = reader.open_versions(&key(name), versions).await.unwrap();
    let tell = |(version, value): (&KeyVersion, &Option<_>)| match (&version.set, value) {
        (Some(set), Some(value)) => {
            let value: &ssm_domain::secret::SecretValue = value;
            format!("{}:{}={}", version.revision, set.version, value.reveal())
        }
        (Some(set), None) => format!("{}:{} is lost", version.revision, set.version),
        (None, _) => format!("{}:deleted", version.revision),
    };
    std::iter::zip(versions, &opened).map(tell).collect()
}

async fn past(
    reader: &ConfigReader,
    revision: u64,
) -> Result<BTreeMap<String, String>, ReadFailure> {
    let secrets = reader.past(revision).await?;
    let opened = secrets.iter().map(|(key, secret)| {
        let value = reader.open_past(key, secret).unwrap();
        (key.to_string(), value.reveal().to_owned())
    });
    Ok(opened.collect())
}

#[tokio::test]
async fn a_key_that_is_deleted_and_set_again_keeps_counting() {
    let (_, engine) = started().await;
    let first = put(&engine, "web/base", "A", "one").await.unwrap().revision;
    put(&engine, "web/base", "B", "other").await.unwrap();
    put(&engine, "web/prod", "A", "elsewhere").await.unwrap();
    let second = put(&engine, "web/base", "A", "two").await.unwrap().revision;
    let deleted = delete(&engine, "web/base", "A").await;
    let third = put(&engine, "web/base", "A", "three")
        .await
        .unwrap()
        .revision;

    let reader = reader(&engine, "web/base");
    let page = reader.versions(&key("A"), None, 10).await.unwrap();
    assert_eq!(
        told(&reader, "A", &page.items).await,
        [
            format!("{third}:3=three"),
            format!("{deleted}:deleted"),
            format!("{second}:2=two"),
            format!("{first}:1=one"),
        ]
    );
    assert!(page.next.is_none());
    assert!(matches!(
        reader.versions(&key("NEVER"), None, 10).await,
        Err(ReadFailure::Rejected(Rejection::NotFound(Noun::Secret)))
    ));
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_whatever_comes_meanwhile() {
    let (_, engine) = started().await;
    for n in 0..150 {
        put(
            &engine,
            "web/base",
            if n % 3 == 0 { "A" } else { "B" },
            &n.to_string(),
        )
        .await
        .unwrap();
    }
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let reader = reader(&engine, "web/base");
        let page = reader.versions(&key("A"), before, 7).await.unwrap();
        assert!(page.items.len() <= 7);
        seen.extend(told(&reader, "A", &page.items).await);
        put(&engine, "web/base", "A", &format!("later {}", seen.len()))
            .await
            .unwrap();
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let values: Vec<_> = seen
        .iter()
        .map(|told| told.split_once('=').unwrap().1)
        .collect();
    let expected: Vec<_> = (0..50).rev().map(|n| (n * 3).to_string()).collect();
    assert_eq!(values, expected);

    let entries = reader(&engine, "web/base")
        .revisions(None, 1_000)
        .await
        .unwrap();
    let seqs: Vec<u64> = entries.items.iter().map(|entry| entry.seq).collect();
    assert!(seqs.is_sorted_by(|newer, older| newer > older));
    assert_eq!(seqs.len(), 150 + 8 + 1, "and the one that made it");
}

#[tokio::test]
async fn every_revision_is_there_as_it_was_also_of_a_config_that_was_renamed() {
    let (_, engine) = started().await;
    let mut model: Vec<(u64, BTreeMap<String, String>)> = Vec::new();
    let mut now = BTreeMap::new();
    let mut at = "web/base";
    for n in 0_u32..120 {
        let name = ["A", "B", "C"][n as usize % 3];
        let revision = if n == 60 {
            let rename = UpdateConfig {
                path: path(at),
                name: None,
                slug: Some("root".parse().unwrap()),
                parent: Edit::Keep,
                expected: None,
            };
            at = "web/root";
            engine.run(server(), rename).await.unwrap().revision
        } else if n % 5 == 4 && now.contains_key(name) {
            now.remove(name);
            delete(&engine, at, name).await
        } else {
            now.insert(name.to_owned(), n.to_string());
            put(&engine, at, name, &n.to_string())
                .await
                .unwrap()
                .revision
        };
        model.push((revision, now.clone()));
    }
    let reader = reader(&engine, "web/root");
    for (revision, expected) in &model {
        assert_eq!(
            past(&reader, *revision).await.unwrap(),
            *expected,
            "{revision}"
        );
    }
    let last = model.last().unwrap().0;
    for beyond in [0, 1, last + 1] {
        assert!(matches!(
            past(&reader, beyond).await,
            Err(ReadFailure::Rejected(Rejection::RevisionNotFound))
        ));
    }
}

#[tokio::test]
async fn what_is_read_stays_what_it_was_when_the_config_goes_on() {
    let (_, engine) = started().await;
    let then = put(&engine, "web/base", "A", "one").await.unwrap().revision;
    let reader = reader(&engine, "web/base");
    put(&engine, "web/base", "A", "two").await.unwrap();
    delete(&engine, "web/base", "A").await;
    assert_eq!(past(&reader, then).await.unwrap()["A"], "one");
    let page = reader.versions(&key("A"), None, 10).await.unwrap();
    assert_eq!(
        told(&reader, "A", &page.items).await,
        [format!("{then}:1=one")]
    );
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_is_said_to_be_so() {
    let (journal, engine) = started().await;
    let then = put(&engine, "web/base", "A", "one").await.unwrap().revision;
    put(&engine, "web/base", "A", "two").await.unwrap();
    let reader = reader(&engine, "web/base");
    journal.fail_reads(true);
    assert!(matches!(
        reader.past(then).await,
        Err(ReadFailure::Unavailable(_))
    ));
    assert!(matches!(
        reader.versions(&key("A"), None, 10).await,
        Err(ReadFailure::Unavailable(_))
    ));
}

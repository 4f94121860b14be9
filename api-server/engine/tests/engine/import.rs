//! Imports that end half-way.

use std::sync::Arc;

use ssm_domain::configs::CreateConfig;
use ssm_domain::credential::TokenSalt;
use ssm_domain::entry::Target;
use ssm_domain::id::OpId;
use ssm_domain::import::{Import, Step};
use ssm_domain::projects::CreateProject;
use ssm_domain::seal::RootKey;
use ssm_domain::time::Timestamp;
use ssm_engine::import::{ImportError, Imported, import};
use ssm_engine::memory::{Fault, MemoryJournal};
use ssm_engine::{Keys, OpenError};

use crate::imported::{event, unit};
use crate::support::{ROOT, SALT, open, open_with, path, value, write};

/// The entry that begins the journal, and one for each of the units.
const ENTRIES: usize = 5;

fn keys(salt: &str) -> Keys {
    Keys {
        root: RootKey::parse(ROOT).unwrap(),
        previous: Vec::new(),
        salt: TokenSalt::parse(salt).unwrap(),
    }
}

/// A project with a config, a secret in it, and two entries of events.
fn units() -> Vec<Import> {
    let of = |action, steps: Vec<Arc<dyn Step>>| Import {
        action,
        target: Target::default(),
        steps,
    };
    let project = CreateProject {
        slug: "web".parse().unwrap(),
        name: None,
        description: None,
    };
    let config = CreateConfig {
        path: path("web/base"),
        name: None,
        parent: None,
    };
    let events = |at| unit(vec![event(OpId::MIN, Timestamp::from_millis(at))]);
    vec![
        of("projects.write", vec![Arc::new(project), Arc::new(config)]),
        of("secrets.write", vec![Arc::new(write("web/base", "A", "1"))]),
        events(1),
        events(2),
    ]
}

async fn of(journal: &Arc<MemoryJournal>, source: &[u8]) -> Result<Imported, ImportError> {
    import(journal.clone(), keys(SALT), &[source], units()).await
}

#[tokio::test]
async fn it_goes_on_behind_any_of_its_entries_with_the_same_source_and_no_other() {
    for written in 0..ENTRIES {
        // The last of them is written at once, or sent again since the answer was lost.
        for last in [&[None][..], &[Some(Fault::AnswerLost), None]] {
            let journal = Arc::new(MemoryJournal::default());
            let before = std::iter::repeat_n(None, written.saturating_sub(1));
            let last = last.iter().filter(move |_| written > 0).copied();
            let mut appends = before.chain(last);
            journal.inject(move || appends.next().unwrap_or(Some(Fault::Refused)));
            let stopped = of(&journal, b"source").await;
            assert!(
                matches!(
                    stopped,
                    Err(ImportError::Open(_) | ImportError::Write { .. })
                ),
                "{written}: {stopped:?}"
            );
            journal.heal();
            let served = open_with(&journal, ROOT, SALT).await;
            assert!(
                matches!(served, Err(OpenError::UnfinishedImport)),
                "{written}"
            );
            let other = of(&journal, b"another").await;
            assert!(
                matches!(other, Err(ImportError::AnotherBegun)),
                "{written}: {other:?}"
            );
            let salted = import(journal.clone(), keys(ROOT), &[b"source"], units()).await;
            assert!(
                matches!(salted, Err(ImportError::AnotherBegun)),
                "{written}: {salted:?}"
            );

            let imported = of(&journal, b"source").await.unwrap();
            assert_eq!(imported.head.seq, ENTRIES as u64, "{written}");
            assert_eq!(imported.opened, 1, "{written}");
            let engine = open(&journal).await;
            assert_eq!(value(&engine, "web/base", "A").as_deref(), Some("1"));
            let events = engine.state().imported().clone();
            let places: Vec<_> = events.iter().map(|place| place.seq).collect();
            assert_eq!(places, [4, 5], "{written}");
            let again = of(&journal, b"source").await;
            assert!(matches!(again, Err(ImportError::NotEmpty(5))), "{again:?}");
        }
    }
}

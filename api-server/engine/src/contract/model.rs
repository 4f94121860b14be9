//! Random sequences of calls, checked against a plain list.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use ssm_domain::digest::Digest;
use ssm_domain::entry::{Seq, Target};
use ssm_domain::seal::Sealed;

use super::chain::{Chain, config_of, everything, stored, target, value};
use crate::journal::{AppendError, Batch, Filter, Journal, StoredEntry};

/// One call.
#[derive(Debug, Clone)]
enum Step {
    /// A batch behind the last entry; each entry with its target and a value.
    Append(Vec<(Target, u64)>),
    /// A batch that was appended before.
    AppendAgain(Index),
    /// A batch of so many entries by somebody who has not seen the newest.
    AppendLate { missed: Index, entries: usize },
    /// A batch of so many entries behind some that were never written.
    AppendBeyond { missing: usize, entries: usize },
    /// A read.
    Read { after: Index, limit: usize },
    /// A search.
    Search {
        filter: Filter,
        before: Option<Index>,
        limit: usize,
    },
    /// A look at the history of the config of a value.
    History {
        number: u64,
        before: Option<Index>,
        limit: usize,
    },
    /// A look for values, some of which may never have been stored.
    Values(Vec<u64>),
}

fn places() -> impl Strategy<Value = Target> {
    let project = select(vec![None, Some("web"), Some("shop")]);
    let config = select(vec![None, Some("base"), Some("prod")]);
    (project, config).prop_map(|(project, config)| target(project, config))
}

fn filters() -> impl Strategy<Value = Filter> {
    places().prop_map(|place| Filter {
        project: place.project,
        config: place.config,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    let numbers = || 0u64..40;
    prop_oneof![
        6 => vec((places(), numbers()), 1..5).prop_map(Step::Append),
        1 => any::<Index>().prop_map(Step::AppendAgain),
        1 => (any::<Index>(), 1usize..4)
            .prop_map(|(missed, entries)| Step::AppendLate { missed, entries }),
        1 => (1usize..4, 1usize..4)
            .prop_map(|(missing, entries)| Step::AppendBeyond { missing, entries }),
        2 => (any::<Index>(), 0usize..12).prop_map(|(after, limit)| Step::Read { after, limit }),
        3 => (filters(), any::<Option<Index>>(), 0usize..12)
            .prop_map(|(filter, before, limit)| Step::Search { filter, before, limit }),
        2 => (numbers(), any::<Option<Index>>(), 0usize..12)
            .prop_map(|(number, before, limit)| Step::History { number, before, limit }),
        1 => vec(numbers(), 0..8).prop_map(Step::Values),
    ]
}

/// What must be there.
#[derive(Default)]
struct Model {
    entries: Vec<(StoredEntry, (Target, u64))>,
    values: HashMap<Digest, Sealed>,
    batches: Vec<Arc<Batch>>,
}

impl Model {
    fn chain(&self, length: usize) -> Chain {
        let entries: Vec<_> = self.entries[..length]
            .iter()
            .map(|(entry, _)| entry.clone())
            .collect();
        Chain::of(&entries)
    }

    /// Any position from 0 to one behind the last.
    fn position(&self, index: Index) -> Seq {
        index.index(self.entries.len() + 2) as Seq
    }

    fn newest_first(
        &self,
        before: Option<Seq>,
        limit: usize,
        wanted: impl Fn(&Target, u64) -> bool,
    ) -> Vec<StoredEntry> {
        let newest_first = self.entries.iter().rev();
        newest_first
            .filter(|(entry, _)| before.is_none_or(|before| entry.seq < before))
            .filter(|(_, (target, number))| wanted(target, *number))
            .map(|(entry, _)| entry.clone())
            .take(limit)
            .collect()
    }

    async fn append(&mut self, journal: &dyn Journal, content: Vec<(Target, u64)>) {
        let mut chain = self.chain(self.entries.len());
        let mut batch = Batch::default();
        for (target, number) in content.clone() {
            let (sealed, change) = value(number, 50);
            self.values
                .insert(Digest::of(sealed.as_bytes()), sealed.clone());
            batch.values.push(sealed);
            batch.entries.push(chain.about(target, vec![change]));
        }
        self.entries.extend(stored(&batch).into_iter().zip(content));
        let batch = Arc::new(batch);
        self.batches.push(batch.clone());
        journal.append(batch).await.unwrap();
    }

    async fn take(&mut self, journal: &dyn Journal, step: Step) {
        match step {
            Step::Append(content) => self.append(journal, content).await,
            Step::AppendAgain(which) => {
                if !self.batches.is_empty() {
                    refuses(journal, which.get(&self.batches).clone()).await;
                }
            }
            Step::AppendLate { missed, entries } => {
                if !self.entries.is_empty() {
                    let mut chain = self.chain(missed.index(self.entries.len()));
                    refuses(journal, chain.batch(entries)).await;
                }
            }
            Step::AppendBeyond { missing, entries } => {
                let mut chain = self.chain(self.entries.len());
                chain.batch(missing);
                refuses(journal, chain.batch(entries)).await;
            }
            Step::Read { after, limit } => {
                let after = self.position(after);
                let expected = self
                    .entries
                    .iter()
                    .map(|(entry, _)| entry.clone())
                    .filter(|entry| entry.seq > after);
                let read = journal.read(after, limit).await.unwrap();
                assert_eq!(read, expected.take(limit).collect::<Vec<_>>());
            }
            Step::Search {
                filter,
                before,
                limit,
            } => {
                let before = before.map(|before| self.position(before));
                let expected = self.newest_first(before, limit, |target, _| {
                    (filter.project.is_none() || filter.project == target.project)
                        && (filter.config.is_none() || filter.config == target.config)
                });
                let found = journal.search(&filter, before, limit).await.unwrap();
                assert_eq!(found, expected);
            }
            Step::History {
                number,
                before,
                limit,
            } => {
                let config = config_of(number);
                let before = before.map(|before| self.position(before));
                let expected =
                    self.newest_first(before, limit, |_, number| config_of(number) == config);
                let found = journal.history(config, before, limit).await.unwrap();
                assert_eq!(found, expected);
            }
            Step::Values(numbers) => {
                let digests = numbers
                    .iter()
                    .map(|number| Digest::of(value(*number, 50).0.as_bytes()));
                let digests: Vec<Digest> = digests.collect();
                let mut expected = self.values.clone();
                expected.retain(|digest, _| digests.contains(digest));
                assert!(journal.values(&digests).await.unwrap() == expected);
            }
        }
    }
}

async fn refuses(journal: &dyn Journal, batch: Arc<Batch>) {
    let refused = journal.append(batch).await;
    assert!(matches!(refused, Err(AppendError::Conflict)), "{refused:?}");
}

/// `fresh` makes an empty journal, and what must live as long as it.
pub fn any_sequence_of_calls_answers_as_a_plain_list_would<F, T>(fresh: impl Fn() -> F)
where
    F: Future<Output = (Arc<dyn Journal>, T)>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(64)
    };
    let outcome = TestRunner::new(config).run(&vec(steps(), 1..40), |steps| {
        runtime.block_on(async {
            let (journal, _kept) = fresh().await;
            let mut model = Model::default();
            for step in steps {
                model.take(&*journal, step).await;
            }
            let batches = model.batches.iter().flat_map(|batch| stored(batch));
            assert_eq!(everything(&*journal).await, batches.collect::<Vec<_>>());
        });
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

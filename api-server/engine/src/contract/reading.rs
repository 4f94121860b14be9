//! What is found, and in which order.

use std::sync::Arc;

use ssm_domain::command::AuthStore;
use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;
use ssm_domain::id::ConfigId;

use super::chain::{ALL, Chain, batch_of, config_of, stored, target, value};
use crate::journal::{Filter, Journal, StoredEntry};

pub async fn an_empty_journal_has_nothing_to_read(journal: Arc<dyn Journal>) {
    assert_eq!(journal.read(0, ALL).await.unwrap(), []);
    assert_eq!(journal.read(7, ALL).await.unwrap(), []);
    assert_eq!(
        journal.search(&Filter::default(), None, ALL).await.unwrap(),
        []
    );
    assert!(journal.values(&[]).await.unwrap().is_empty());
    assert!(journal.values(&[Digest::ZERO]).await.unwrap().is_empty());
    for store in AuthStore::ALL {
        assert_eq!(journal.records(store).await.unwrap(), []);
    }
}

pub async fn entries_are_read_in_order_from_anywhere_up_to_the_limit(journal: Arc<dyn Journal>) {
    let batch = Chain::default().batch(25);
    journal.append(batch.clone()).await.unwrap();
    let all = stored(&batch);

    for (after, limit) in [
        (0, 10),
        (10, 10),
        (20, 10),
        (24, 1),
        (25, 10),
        (26, 10),
        (0, 0),
        (3, usize::MAX),
    ] {
        let expected: Vec<StoredEntry> = all.iter().skip(after).take(limit).cloned().collect();
        let read = journal.read(after as Seq, limit).await.unwrap();
        assert_eq!(read, expected, "{limit} after {after}");
    }
    assert_eq!(journal.read(Seq::MAX, 1).await.unwrap(), []);
}

pub async fn a_search_finds_what_the_filter_lets_through_newest_first(journal: Arc<dyn Journal>) {
    const PLACES: [(Option<&str>, Option<&str>); 6] = [
        (None, None),
        (Some("web"), None),
        (Some("web"), Some("prod")),
        (Some("web"), Some("base")),
        (Some("shop"), Some("prod")),
        (Some("shop"), None),
    ];
    let mut chain = Chain::default();
    let places: Vec<_> = PLACES.iter().cycle().take(30).copied().collect();
    let entries = places
        .iter()
        .map(|(project, config)| chain.about(target(*project, *config), vec![]))
        .collect();
    let batch = batch_of(entries);
    journal.append(batch.clone()).await.unwrap();

    for (project, config) in PLACES
        .into_iter()
        .chain([(None, Some("prod")), (Some("nobody"), None)])
    {
        let wanted = target(project, config);
        let filter = Filter {
            project: wanted.project,
            config: wanted.config,
        };
        for (before, limit) in [
            (None, ALL),
            (Some(0), ALL),
            (Some(1), ALL),
            (Some(17), ALL),
            (Some(17), 2),
            (Some(Seq::MAX), 3),
            (None, 0),
        ] {
            let expected: Vec<Seq> = (1..)
                .zip(&places)
                .filter(|(_, place)| project.is_none() || place.0 == project)
                .filter(|(_, place)| config.is_none() || place.1 == config)
                .map(|(seq, _)| seq)
                .filter(|seq| before.is_none_or(|before| *seq < before))
                .collect();
            let found = journal.search(&filter, before, limit).await.unwrap();
            let found: Vec<Seq> = found.iter().map(|entry| entry.seq).collect();
            let expected: Vec<Seq> = expected.into_iter().rev().take(limit).collect();
            assert_eq!(found, expected, "{filter:?} before {before:?}");
        }
    }
}

pub async fn a_search_goes_on_page_by_page(journal: Arc<dyn Journal>) {
    let mut chain = Chain::default();
    let entries =
        (0..23).map(|at| chain.entry_at("web", if at % 3 == 0 { "prod" } else { "base" }));
    let batch = batch_of(entries.collect());
    journal.append(batch.clone()).await.unwrap();

    let filter = Filter {
        project: target(Some("web"), None).project,
        config: None,
    };
    let (mut pages, mut before) = (Vec::new(), None);
    loop {
        let page = journal.search(&filter, before, 5).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.seq);
        pages.extend(page);
    }
    pages.reverse();
    assert_eq!(pages, stored(&batch));
}

pub async fn the_history_of_a_config_is_what_touched_it_newest_first(journal: Arc<dyn Journal>) {
    // By the numbers of the values in each entry: a config may be touched twice by one entry, or not be its target.
    const ENTRIES: [&[u64]; 7] = [&[0], &[1, 2], &[], &[0, 3, 1], &[2], &[4, 7], &[0]];
    let mut chain = Chain::default();
    for numbers in ENTRIES {
        let changes = numbers.iter().map(|number| value(*number, 10).1);
        let entry = chain.about(target(Some("web"), Some("prod")), changes.collect());
        journal.append(batch_of(vec![entry])).await.unwrap();
    }
    let all = journal.read(0, ALL).await.unwrap();

    for number in 0..3 {
        let config = config_of(number);
        for (before, limit) in [
            (None, ALL),
            (None, 2),
            (Some(Seq::MAX), 1),
            (Some(4), ALL),
            (Some(4), 1),
            (Some(1), ALL),
            (Some(0), ALL),
            (None, 0),
        ] {
            let touching = all.iter().zip(ENTRIES).filter(|(entry, numbers)| {
                before.is_none_or(|before| entry.seq < before)
                    && numbers.iter().any(|number| config_of(*number) == config)
            });
            let expected: Vec<_> = touching
                .map(|(entry, _)| entry.clone())
                .rev()
                .take(limit)
                .collect();
            let history = journal.history(config, before, limit).await.unwrap();
            assert_eq!(history, expected, "{number} before {before:?}");
        }
    }
    let unknown = ConfigId::from_bytes([9; 12]);
    assert_eq!(journal.history(unknown, None, ALL).await.unwrap(), []);
}

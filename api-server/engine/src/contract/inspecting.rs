//! What verifying looks at.

use std::sync::Arc;

use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;

use super::chain::{Chain, config_of, target, value};
use crate::journal::{Batch, Journal};
use crate::verify::Indexed;

pub async fn it_is_shown_by_what_entries_are_found(journal: Arc<dyn Journal>) {
    assert_eq!(journal.indexed(0, Seq::MAX).await.unwrap(), []);
    // By project, config, and the numbers of values.
    let entries: [(Option<&str>, Option<&str>, &[u64]); 4] = [
        (None, None, &[]),
        (Some("web"), None, &[]),
        (Some("web"), Some("prod"), &[1, 2, 4]),
        (None, None, &[0]),
    ];
    let mut chain = Chain::default();
    let mut batch = Batch::default();
    let mut expected = Vec::new();
    for (seq, (project, config, numbers)) in (1..).zip(entries) {
        let (values, changes): (Vec<_>, _) =
            numbers.iter().map(|number| value(*number, 20)).unzip();
        batch.values.extend(values);
        batch
            .entries
            .push(chain.about(target(project, config), changes));
        let touched = numbers.iter().map(|number| config_of(*number).to_string());
        let indexed = Indexed {
            project: project.map(str::to_owned),
            config: config.map(str::to_owned),
            touched: touched.collect(),
        };
        expected.push((seq, indexed));
    }
    journal.append(Arc::new(batch)).await.unwrap();
    for (first, last) in [(0, Seq::MAX), (1, 4), (2, 3), (4, 4), (5, 9), (3, 2)] {
        let between = |(seq, _): &&(Seq, Indexed)| *seq >= first && *seq <= last;
        let shown = journal.indexed(first, last).await.unwrap();
        let expected: Vec<_> = expected.iter().filter(between).cloned().collect();
        assert_eq!(shown, expected, "{first} to {last}");
    }
}

pub async fn values_are_counted_and_named(journal: Arc<dyn Journal>) {
    assert_eq!(journal.count_values().await.unwrap(), 0);
    let (values, changes): (Vec<_>, _) = (0..25).map(|number| value(number, 20)).unzip();
    let mut names: Vec<String> = values
        .iter()
        .map(|value| Digest::of(value.as_bytes()).to_string())
        .collect();
    names.sort();
    let batch = Batch {
        entries: vec![Chain::default().about(target(None, None), changes)],
        values,
        ..Batch::default()
    };
    journal.append(Arc::new(batch)).await.unwrap();

    assert_eq!(journal.count_values().await.unwrap(), 25);
    let (mut shown, mut after): (Vec<String>, _) = (Vec::new(), None);
    loop {
        let page = journal.value_names(after.as_deref(), 7).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        shown.extend(page);
    }
    assert_eq!(shown, names);
}

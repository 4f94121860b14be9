//! By what entries are found: what a search or a history passes over without a word must not be possible.

use ssm_domain::entry::Entry;

use super::finding::{Findings, Named};
use super::inspect::Indexed;

/// Checks that an entry is found by what it says, and by nothing else.
pub(super) fn check(entry: &Entry, indexed: Option<Indexed>, findings: &mut Findings) {
    let target = &entry.target;
    let expected = Indexed {
        project: target.project.as_ref().map(ToString::to_string),
        config: target.config.as_ref().map(ToString::to_string),
        touched: entry.touched().iter().map(ToString::to_string).collect(),
    };
    let indexed = indexed.unwrap_or_default();
    let wrong = if indexed.project != expected.project {
        Some("names another project")
    } else if indexed.config != expected.config {
        Some("names another config")
    } else if indexed.touched != expected.touched {
        Some("is in the history of other configs than those that it touched")
    } else {
        None
    };
    if let Some(why) = wrong {
        findings.add(Named::Index(entry.seq), why);
    }
}

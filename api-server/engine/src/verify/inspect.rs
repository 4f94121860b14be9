//! What verifying reads and serving does not.

use std::collections::BTreeSet;

use async_trait::async_trait;
use ssm_domain::entry::Seq;

use crate::journal::ReadError;

/// By what an entry is found, as it is stored. Texts may be anything that somebody put there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Indexed {
    /// The slug of the target's project.
    pub project: Option<String>,
    /// The slug of the target's config.
    pub config: Option<String>,
    /// The ids of the configs that it touched, in hexadecimal.
    pub touched: BTreeSet<String>,
}

/// A journal that shows what it is made of. What it shows is never damaged; at worst it is odd.
#[async_trait]
pub trait Inspect {
    /// By what the entries from `first` to `last` are found, in their order. What names an entry that is not there is
    /// shown too.
    async fn indexed(&self, first: Seq, last: Seq) -> Result<Vec<(Seq, Indexed)>, ReadError>;

    /// How many values are stored.
    async fn count_values(&self) -> Result<u64, ReadError>;

    /// At most `limit` names of stored values, in hexadecimal, in order, from behind `after` where it is given.
    async fn value_names(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, ReadError>;
}

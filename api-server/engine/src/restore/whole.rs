//! Looking at all that was restored or copied, before anybody is told that it is.

use ssm_domain::effective::open;

use ssm_domain::seal::KeyRing;
use ssm_domain::state::State;

use crate::journal::{Journal, ReadError};
use crate::verify::{Finding, Known, verify_entries};

/// Why it is not whole.
#[derive(Debug, thiserror::Error)]
pub enum NotWhole {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Something is not as it was written.
    #[error("{0}")]
    Found(Finding),
    /// A secret's value does not open.
    #[error("the value of {0} does not open")]
    Unopenable(String),
}

/// Verifies the journal with all that lies beside it, and opens every current value. Says how many these are.
pub(crate) async fn check(
    journal: &dyn Journal,
    state: &State,
    keys: &KeyRing,
) -> Result<usize, NotWhole> {
    let known = Known {
        keys: Some(keys),
        written: Some(*state.head()),
        ..Known::default()
    };
    // Access records are what they were, and damage to them is no reason to go without the secrets.
    let report = verify_entries(journal, known).await?;
    if let Some(finding) = report.findings.into_iter().next() {
        return Err(NotWhole::Found(finding));
    }
    let mut opened = 0;
    for project in state.projects() {
        for config in state.configs_of(project) {
            for (key, secret) in &config.secrets {
                open(keys, config, key, secret).map_err(|_| {
                    let name = format!("{}/{}/{key}", project.slug, config.slug);
                    NotWhole::Unopenable(name)
                })?;
                opened += 1;
            }
        }
    }
    Ok(opened)
}

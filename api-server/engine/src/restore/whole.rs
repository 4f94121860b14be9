//! Looking at all that was restored, before anybody is told that it is.

use ssm_domain::effective::open;

use super::RestoreError;
use crate::engine::Engine;
use crate::verify::{Known, verify_entries};

/// Verifies the journal with all that lies beside it, and opens every current value. Says how many these are.
pub(super) async fn check(engine: &Engine) -> Result<usize, RestoreError> {
    let (shared, state) = (&engine.shared, engine.state());
    let known = Known {
        keys: Some(&shared.keys),
        written: Some(*state.head()),
        ..Known::default()
    };
    // Access records are what they were in the backup, and damage to them is no reason to go without the secrets.
    let report = verify_entries(&*shared.journal, known).await?;
    if let Some(finding) = report.findings.into_iter().next() {
        return Err(RestoreError::Found(finding));
    }
    let mut opened = 0;
    for project in state.projects() {
        for config in state.configs_of(project) {
            for (key, secret) in &config.secrets {
                open(&shared.keys, config, key, secret).map_err(|_| {
                    let name = format!("{}/{}/{key}", project.slug, config.slug);
                    RestoreError::Unopenable(name)
                })?;
                opened += 1;
            }
        }
    }
    Ok(opened)
}

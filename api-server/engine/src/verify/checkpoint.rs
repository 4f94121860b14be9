//! Making a checkpoint without a server.

use ssm_domain::seal::KeyRing;
use ssm_domain::signing::Checkpoint;
use ssm_domain::time::Timestamp;

use super::{Finding, Known, verify};
use crate::journal::{Journal, ReadError};

/// Why no checkpoint was made.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The journal cannot be read now.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Nothing was ever written.
    #[error("the journal is empty; start the server once")]
    Empty,
    /// A checkpoint would vouch for what is not as it was written.
    #[error("{0}; a checkpoint would vouch for it")]
    Damaged(Finding),
}

/// Says, signed, what a journal has come to, once all of it is verified: nobody else vouches for what a journal says that no
/// running server has read.
pub async fn checkpoint(
    journal: &dyn Journal,
    keys: &KeyRing,
    now: Timestamp,
) -> Result<Checkpoint, CheckpointError> {
    let known = Known {
        keys: Some(keys),
        ..Known::default()
    };
    let report = verify(journal, known).await?;
    if let Some(finding) = report.findings.into_iter().next() {
        return Err(CheckpointError::Damaged(finding));
    }
    let signer = report.signed_by.and_then(|key| keys.signer(key));
    let (Some(epoch), Some(signer)) = (report.epoch, signer) else {
        return Err(CheckpointError::Empty);
    };
    // A clock that is behind the journal does not count.
    let at = now.max(report.head.at);
    Ok(Checkpoint::new(signer, epoch, &report.head, at))
}

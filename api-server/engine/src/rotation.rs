//! Changing the root key while the server runs: data keys are wrapped anew, some at a time, between other people's
//! writes. What was interrupted goes on at the next start.

use std::time::Duration;

use ssm_domain::caller::Actor;
use ssm_domain::credential::TokenSalt;
use ssm_domain::keys::{KeyStatus, RewrapDataKeys, RotateRootKey};
use ssm_domain::rejection::Rejection;
use ssm_domain::seal::KeyRing;
use ssm_domain::state::State;
use tokio::time::sleep;
use tracing::{error, info, warn};

use crate::engine::{Engine, Requester};
use crate::error::{OpenError, RunError};
use crate::steps::reached;

/// Waits between attempts while the journal cannot be written.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Checks that the keys at hand are those of the data.
pub(crate) fn check_keys(state: &State, keys: &KeyRing, salt: &TokenSalt) -> Result<(), OpenError> {
    let Some(info) = state.journal() else {
        return Ok(());
    };
    if !keys.has_root(&info.root_key) {
        let (given, stored) = (keys.root_fingerprint(), info.root_key.clone());
        return Err(OpenError::WrongRootKey { given, stored });
    }
    let wraps = |root: &str| {
        state
            .data_keys()
            .filter(|(_, key)| key.key.root_key == root)
            .count()
    };
    let mut others = state.to_be_rewrapped().map(|(_, key)| &key.key.root_key);
    if let Some(missing) = others.find(|root| !keys.has_root(root)) {
        let (stored, left) = (missing.clone(), wraps(missing));
        return Err(OpenError::MissingPreviousKey { stored, left });
    }
    let (given, stored) = (salt.fingerprint(), info.token_salt.clone());
    if given != stored {
        return Err(OpenError::WrongTokenSalt { given, stored });
    }
    Ok(())
}

impl Engine {
    /// How the keys are, for an owner.
    pub fn key_status(&self, actor: &Actor) -> Result<KeyStatus, Rejection> {
        self.look(actor, |state, caller| {
            KeyStatus::of(state, &self.shared.keys, caller)
        })
    }

    /// Begins to change to the newest root key. Comes back when that is written; wrapping data keys anew takes longer.
    pub async fn rotate_root_key(&self, requester: Requester) -> Result<(), RunError> {
        self.run(requester, RotateRootKey).await?;
        reached("rotation:begun");
        self.go_on_rotating();
        Ok(())
    }

    /// Goes on with a change that was interrupted, or tells whoever reads the log what there is to be done.
    pub(crate) fn resume_rotation(&self) {
        let (state, keys) = (self.state(), &self.shared.keys);
        let left = state.to_be_rewrapped().count();
        let in_use = state.journal().map(|journal| journal.root_key.clone());
        if left > 0 {
            info!(left, "going on with the change of the root key");
            self.go_on_rotating();
        } else if in_use != Some(keys.root_fingerprint()) {
            info!("ENCRYPTION_KEY is not in use yet; `ssm-server keys rotate-root` changes to it");
        } else if keys.has_previous() {
            info!("ENCRYPTION_KEY_PREVIOUS is no longer needed, and can be removed");
        }
    }

    /// Wraps what is left to be wrapped anew, without anybody waiting for it.
    fn go_on_rotating(&self) {
        let engine = self.clone();
        tokio::spawn(async move { engine.rewrap_all().await });
    }

    async fn rewrap_all(&self) {
        let mut wait = FIRST_WAIT;
        while self.state().to_be_rewrapped().next().is_some() {
            let server = Requester {
                actor: Actor::System,
                request: None,
            };
            match self.run(server, RewrapDataKeys).await {
                Ok(left) => {
                    wait = FIRST_WAIT;
                    reached("rotation:rewrapped");
                    info!(left, "data keys were wrapped with the new root key");
                }
                Err(RunError::Rejected(reason)) => {
                    error!(%reason, "data keys cannot be wrapped with the new root key");
                    return;
                }
                Err(
                    reason @ (RunError::Unavailable
                    | RunError::OutcomeUnknown
                    | RunError::Throttled(_)
                    | RunError::Stale
                    | RunError::Busy),
                ) => {
                    warn!(%reason, "data keys cannot be wrapped anew at the moment; trying again");
                    sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
        reached("rotation:done");
    }
}

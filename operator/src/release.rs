//! What has to be done to take a Secret, or what was merged into it, away again. Pure: judged by the Secret alone, so that it
//! holds whatever policy it was written under.

use k8s_openapi::api::core::v1::Secret;

use crate::crd::SecretSync;
use crate::fields::{Fields, has_set_owner, merge_manager};
use crate::ownership::{Ownership, refuse_forbidden};
use crate::plan::target_name;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// Nothing of the resource's is there.
    Nothing,
    /// It is the resource's: delete this very Secret.
    Delete,
    /// It is somebody else's: apply nothing, which takes out what was merged.
    Withdraw,
}

/// What to do about a live Secret.
pub fn release(sync: &SecretSync, live: &Secret) -> Release {
    if live.metadata.deletion_timestamp.is_some() || refuse_forbidden(live).is_err() {
        return Release::Nothing;
    }
    let uid = sync.metadata.uid.as_deref().unwrap_or_default();
    match Ownership::of(live, sync) {
        // Under a former name, what somebody has restored or copied is theirs, the owner included.
        Ownership::Ours
            if live.metadata.name.as_deref() != Some(target_name(sync))
                && !has_set_owner(&live.metadata, uid) =>
        {
            Release::Nothing
        }
        Ownership::Ours | Ownership::Marked => Release::Delete,
        // Nobody can take a key out of an immutable Secret.
        _ if live.immutable == Some(true) => Release::Nothing,
        _ if Fields::of(live, &[&merge_manager(sync)]).is_empty() => Release::Nothing,
        _ => Release::Withdraw,
    }
}

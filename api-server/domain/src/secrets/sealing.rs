//! A value on its way into the journal.

use crate::change::Reference;
use crate::command::{Draft, Env};
use crate::digest::Digest;
use crate::entry::Change;
use crate::id::ConfigId;
use crate::names::{Description, Key};
use crate::rejection::Rejection;
use crate::seal::ValuePlace;
use crate::secret::SecretValue;
use crate::state::Project;

/// A secret to be, with everything that its change holds.
pub(crate) struct NewSecret<'a> {
    pub config_id: ConfigId,
    pub key: &'a Key,
    pub version: u64,
    pub value: &'a SecretValue,
    pub refs: Option<Vec<Reference>>,
    pub icon: Option<String>,
    pub note: Option<Description>,
}

/// Seals the value for its place with the project's newest key, and adds the change that sets it.
pub(crate) fn push_set<A>(
    draft: &mut Draft<A>,
    env: &mut Env<'_>,
    project: &Project,
    new: NewSecret<'_>,
) -> Result<(), Rejection> {
    let place = ValuePlace {
        project: project.id,
        config: new.config_id,
        key: new.key,
        version: new.version,
    };
    let unopenable = || Rejection::Unopenable(new.key.to_string());
    let data_key = project.data_key().ok_or_else(unopenable)?;
    let sealed = env
        .keys
        .seal(env.rng, data_key, place, new.value)
        .map_err(|_| unopenable())?;
    draft.changes.push(Change::SecretSet {
        config_id: new.config_id,
        key: new.key.clone(),
        version: new.version,
        value: Digest::of(sealed.as_bytes()),
        refs: new.refs,
        icon: new.icon,
        note: new.note,
    });
    draft.values.push(sealed);
    Ok(())
}

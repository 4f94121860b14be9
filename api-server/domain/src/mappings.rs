//! Which groups of an identity provider stand for which of ours.

use crate::access::{Action, Place};
use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env};
use crate::entry::{Change, Target};
use crate::groups::may_take_in;
use crate::id::MappingId;
use crate::names::{ExternalKey, Slug};
use crate::rejection::{Noun, Rejection};
use crate::state::State;

/// The most mappings of the workspace.
pub const MAX_MAPPINGS: usize = 1_000;

/// Lets a group of the provider stand for one of ours. Whoever does it decides about people to come as if they put them
/// into the group.
pub struct AddMapping {
    /// What the provider calls its group.
    pub external_key: ExternalKey,
    /// Our group.
    pub group: Slug,
}

impl Command for AddMapping {
    type Answer = MappingId;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<MappingId>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        caller.require(Action::MappingsManage, Place::EVERYWHERE)?;
        let group = state
            .group_at(&self.group)
            .ok_or(Rejection::NotFound(Noun::Group))?;
        may_take_in(state, &caller, group)?;
        let mut known = state.mappings();
        if known.any(|mapping| mapping.external_key == self.external_key) {
            return Err(Rejection::AlreadyExists(Noun::Mapping));
        }
        if state.mappings().count() >= MAX_MAPPINGS {
            return Err(Rejection::TooLarge(
                "A workspace has at most 1000 group mappings",
            ));
        }
        let mapping_id = MappingId::random(env.rng);
        let target = target(&self.group);
        let mut draft = Draft::new(caller.name(), "mappings.create", target, mapping_id);
        draft.changes.push(Change::MappingAdded {
            mapping_id,
            external_key: self.external_key.clone(),
            group_id: group.id,
        });
        Ok(draft)
    }
}

/// Removes a mapping; who is in our group stays in it.
pub struct RemoveMapping {
    /// Which.
    pub mapping_id: MappingId,
}

impl Command for RemoveMapping {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        caller.require(Action::MappingsManage, Place::EVERYWHERE)?;
        let mapping_id = self.mapping_id;
        let mapping = state
            .mapping(mapping_id)
            .ok_or(Rejection::NotFound(Noun::Mapping))?;
        let group = state.group(mapping.group_id);
        let target = group.map_or_else(Target::default, |group| target(&group.slug));
        let mut draft = Draft::new(caller.name(), "mappings.delete", target, ());
        draft.changes.push(Change::MappingRemoved { mapping_id });
        Ok(draft)
    }
}

fn target(group: &Slug) -> Target {
    Target {
        group: Some(group.clone()),
        ..Target::default()
    }
}

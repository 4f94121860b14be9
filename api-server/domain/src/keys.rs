//! Changing keys: another root key, wrapped around the same data keys, and other data keys for new values.

use crate::access::{Action, Place};
use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env, RecordName};
use crate::entry::{Change, Target};
use crate::names::Slug;
use crate::rejection::Rejection;
use crate::seal::{Fingerprint, KeyRing};
use crate::state::{Project, ProjectKey, State};
use crate::time::Timestamp;

/// The most data keys that one entry wraps anew, so that nobody's write waits for long.
const AT_ONCE: usize = 50;

/// Begins to wrap data keys with the newest root key on the ring. What is begun already goes on.
pub struct RotateRootKey;

impl Command for RotateRootKey {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        may_change_keys(&caller)?;
        let mut draft = Draft::new(caller.name(), "keys.rotate-root", Target::default(), ());
        let (root_key, signing_key) = (env.keys.root_fingerprint(), env.keys.signing_key());
        if *state.root_key()? != root_key {
            draft.changes.push(Change::RootKeyRotated {
                root_key,
                signing_key,
            });
        } else if state.to_be_rewrapped().next().is_none() {
            return Err(Rejection::NothingToRotateTo);
        }
        Ok(draft)
    }
}

/// Wraps some of the data keys that another root key still wraps. Each gets a record of its own, and the one before is
/// destroyed behind the entry, so that at any time one of the two is there.
pub struct RewrapDataKeys;

impl Command for RewrapDataKeys {
    /// How many data keys are left to be wrapped anew.
    type Answer = usize;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<usize>, Rejection> {
        if *actor != Actor::System {
            return Err(Rejection::Unauthenticated);
        }
        let caller = Caller::identify(state, actor, env.now)?;
        let (root_key, left) = (state.root_key()?, state.to_be_rewrapped().count());
        let left = left.saturating_sub(AT_ONCE);
        let mut draft = Draft::new(caller.name(), "keys.rewrap", Target::default(), left);
        for (project, old) in state.to_be_rewrapped().take(AT_ONCE) {
            let wrapped = env
                .keys
                .rewrap(env.rng, project.id, old.key.id, root_key)
                .map_err(|_| Rejection::KeyMissing)?;
            let record = wrapped.auth_record();
            draft.changes.push(Change::DataKeyRewrapped {
                project_id: project.id,
                data_key: wrapped.named_by(&record),
            });
            draft.records.push(record);
            draft.destroyed.push(RecordName::key(old.key.record_id));
        }
        Ok(draft)
    }
}

/// Seals new values with new data keys. Those that were sealed before stay as they are.
pub struct RotateDataKeys {
    /// Only in this project; in all where there is none.
    pub project: Option<Slug>,
}

impl Command for RotateDataKeys {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        may_change_keys(&caller)?;
        let target = Target {
            project: self.project.clone(),
            ..Target::default()
        };
        let mut draft = Draft::new(caller.name(), "keys.rotate-data", target, ());
        let projects: Vec<&Project> = match &self.project {
            Some(slug) => vec![caller.project(slug)?],
            None => state.projects().collect(),
        };
        for project in projects {
            let wrapped = env
                .keys
                .create(env.rng, project.id, state.root_key()?)
                .map_err(|_| Rejection::KeyMissing)?;
            let record = wrapped.auth_record();
            draft.changes.push(Change::DataKeyAdded {
                project_id: project.id,
                data_key: wrapped.named_by(&record),
            });
            draft.records.push(record);
        }
        Ok(draft)
    }
}

/// How the keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStatus {
    /// Fingerprint of the root key that new data keys are wrapped with.
    pub root_key: Fingerprint,
    /// Since when it is that one.
    pub since: Timestamp,
    /// Fingerprint of the root key that a rotation would change to, where it is another one.
    pub ready: Option<Fingerprint>,
    /// Fingerprints of other root keys that still wrap data keys, each once.
    pub from: Vec<Fingerprint>,
    /// How many data keys the root key wraps.
    pub rewrapped: usize,
    /// How many data keys there are.
    pub total: usize,
    /// When the oldest of those that seal new values was made.
    pub oldest_in_use: Option<Timestamp>,
}

impl KeyStatus {
    /// How the keys are, for an owner.
    pub fn of(state: &State, keys: &KeyRing, caller: &Caller<'_>) -> Result<Self, Rejection> {
        may_change_keys(caller)?;
        let (root_key, newest) = (state.root_key()?.clone(), keys.root_fingerprint());
        let others = state.to_be_rewrapped();
        let mut from: Vec<_> = others.map(|(_, key)| key.key.root_key.clone()).collect();
        let total = state.data_keys().count();
        let rewrapped = total - from.len();
        from.sort_unstable();
        from.dedup();
        let in_use = state
            .projects()
            .filter_map(|project| project.data_keys.last());
        Ok(Self {
            since: state.root_key_since(),
            ready: (newest != root_key).then_some(newest),
            from,
            rewrapped,
            total,
            oldest_in_use: in_use.map(|key| key.created_at).min(),
            root_key,
        })
    }
}

/// Only an owner, in person, and with a token that is for this.
fn may_change_keys(caller: &Caller<'_>) -> Result<(), Rejection> {
    caller.user()?;
    caller.require(Action::SettingsManage, Place::EVERYWHERE)
}

impl State {
    /// Fingerprint of the root key that new data keys are wrapped with.
    pub fn root_key(&self) -> Result<&Fingerprint, Rejection> {
        let journal = self.journal().ok_or(Rejection::KeyMissing)?;
        Ok(&journal.root_key)
    }

    /// Every data key, former ones included.
    pub fn data_keys(&self) -> impl Iterator<Item = (&Project, &ProjectKey)> {
        self.projects()
            .flat_map(|project| project.data_keys.iter().map(move |key| (project, key)))
    }

    /// The data keys that another root key than the journal's still wraps.
    pub fn to_be_rewrapped(&self) -> impl Iterator<Item = (&Project, &ProjectKey)> {
        let root_key = self.journal().map(|journal| &journal.root_key);
        self.data_keys()
            .filter(move |(_, key)| Some(&key.key.root_key) != root_key)
    }

    fn root_key_since(&self) -> Timestamp {
        self.journal()
            .map_or(Timestamp::START, |journal| journal.root_key_since)
    }
}

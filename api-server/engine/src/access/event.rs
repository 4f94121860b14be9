//! Something that happened and goes on record.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use rand::rngs::StdRng;
use ssm_domain::access_record::Access;
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::entry::{ActorKind, EntryActor, Request, Target};
use ssm_domain::id::OpId;
use ssm_domain::state::State;
use ssm_domain::time::Timestamp;

/// Something that happened. Events that are equal but for their time are repeats of one another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Event {
    /// Who did it, as far as it was proved. A sign-in that failed names the user in its target.
    pub actor: Actor,
    /// What it was, such as `secrets.read`.
    pub action: &'static str,
    /// What it was done to.
    pub target: Target,
    /// The method that it was asked for with.
    pub method: Cow<'static, str>,
    /// The status that it is answered with.
    pub status: u16,
    /// Where it was asked from.
    pub address: Option<IpAddr>,
}

impl Event {
    /// What stands for all events of this action that there is no room for.
    pub(super) fn lumped(&self) -> Self {
        Self {
            actor: Actor::Anonymous,
            action: self.action,
            target: Target::default(),
            method: "".into(),
            status: self.status,
            address: None,
        }
    }

    /// What goes on record when it happens first.
    pub(super) fn access(
        &self,
        state: &State,
        now: Timestamp,
        request: Option<Request>,
        latency: Option<Duration>,
    ) -> Access {
        let mut actor = Caller::name_of(state, &self.actor);
        if let (ActorKind::Anonymous, Some(user)) = (actor.kind, &self.target.user) {
            actor.id = user.to_string();
        }
        Access {
            id: OpId::random(&mut rand::make_rng::<StdRng>()),
            at: now,
            until: now,
            count: 1,
            actor,
            request,
            action: self.action.to_owned(),
            target: self.target.clone(),
            status: self.status,
            latency_ms: latency
                .map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

/// Stands for whoever there was no room to name.
pub(super) fn various() -> EntryActor {
    EntryActor {
        kind: ActorKind::Anonymous,
        id: "various".to_owned(),
        token_id: None,
    }
}

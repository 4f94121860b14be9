//! Tokens for people and machines: nobody can make one with more than they have themselves.

mod rotate;

use std::time::Duration;

use crate::access::{Action, ActionSet, Authority, Place, Scope};
use crate::caller::{Actor, Caller};
use crate::cidr::{MAX_CIDRS, within};
use crate::command::{AuthRecord, AuthStore, Command, Draft, Env};
use crate::credential::{PlainToken, TokenRecord};
use crate::entry::{Change, Purpose, Subject, Target};
use crate::id::TokenId;
use crate::names::{Cidr, ConfigPath, ServiceName, Slug};
use crate::rejection::{Noun, Rejection};
use crate::state::{State, Token};
use crate::time::Timestamp;

pub use rotate::{MAX_OVERLAP, RotateToken, replaceable};

/// The longest life of a personal token.
pub const MAX_PERSONAL_TTL: Duration = Duration::from_hours(24);
/// The longest life of a service token that has an end.
pub const MAX_SERVICE_TTL: Duration = Duration::from_hours(24 * 365 * 10);
/// The most scopes that a token has.
pub const MAX_SCOPES: usize = 100;

/// A new token, on its way to the one who asked for it.
#[derive(Debug)]
pub struct Issued {
    /// The token, shown this once.
    pub token: PlainToken,
    /// Its name.
    pub token_id: TokenId,
    /// When it dies by itself.
    pub expires_at: Option<Timestamp>,
}

/// What must be written for a new token.
pub(crate) struct NewToken {
    pub change: Change,
    pub record: AuthRecord,
}

pub(crate) fn issue(
    env: &mut Env<'_>,
    subject: Subject,
    purpose: Purpose,
    scopes: Vec<Scope>,
    cidrs: Vec<Cidr>,
    expires_at: Option<Timestamp>,
) -> (NewToken, Issued) {
    let (token_id, token) = (TokenId::random(env.rng), PlainToken::random(env.rng));
    let record = AuthRecord::new(
        AuthStore::Tokens,
        &token_id,
        &TokenRecord::new(token_id, env.salt.hash(&token)),
    );
    let change = Change::TokenIssued {
        token_id,
        subject,
        purpose,
        scopes,
        expires_at,
        cidrs,
        record: record.digest(),
    };
    (
        NewToken { change, record },
        Issued {
            token,
            token_id,
            expires_at,
        },
    )
}

/// A scope by the names of the places it is for.
#[derive(Debug, Clone)]
pub struct ScopeRequest {
    /// The actions. Absent means all that the caller may do there; to a personal token, all that the caller's own token
    /// allows there, since a person's rights limit both alike.
    pub actions: Option<ActionSet>,
    /// The project, or any.
    pub project: Option<Slug>,
    /// The config of that project, or any.
    pub config: Option<Slug>,
}

/// For whom a token is made.
#[derive(Debug, Clone)]
pub enum Holder {
    /// A machine.
    Service(ServiceName),
    /// The caller, who is a person.
    Myself,
}

/// Makes a token to be kept.
pub struct IssueToken {
    /// For whom.
    pub holder: Holder,
    /// What it allows.
    pub scopes: Vec<ScopeRequest>,
    /// From where it is good; from everywhere where there is none. Only a service token has any.
    pub cidrs: Vec<Cidr>,
    /// How long it lives; `None` for ever, which only a service token may.
    pub ttl: Option<Duration>,
}

impl Command for IssueToken {
    type Answer = Issued;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<Issued>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let subject = match &self.holder {
            Holder::Service(name) => Subject::Service(name.clone()),
            Holder::Myself => Subject::User(caller.user()?.id),
        };
        if !(1..=MAX_SCOPES).contains(&self.scopes.len()) {
            return Err(Rejection::invalid(
                "scopes",
                &format!("must be 1 to {MAX_SCOPES} scopes"),
            ));
        }
        let mut scopes = Vec::with_capacity(self.scopes.len());
        for request in &self.scopes {
            let place = resolve(&caller, request)?;
            if matches!(self.holder, Holder::Service(_)) {
                caller.require(Action::TokensWrite, place)?;
            }
            scopes.extend(granted(&caller, &self.holder, request.actions, place)?);
        }
        if scopes.len() > MAX_SCOPES {
            return Err(Rejection::invalid("scopes", &"come to more than 100"));
        }
        let expires_at = self.expiry(state, &caller, env.now)?;
        let cidrs = self.addresses(&caller)?;
        let (token, issued) = issue(env, subject, Purpose::Api, scopes, cidrs, expires_at);
        let first = &self.scopes[0];
        let target = Target {
            project: first.project.clone(),
            config: first.config.clone(),
            token: Some(issued.token_id),
            ..Target::default()
        };
        let mut draft = Draft::new(caller.name(), "tokens.create", target, issued);
        draft.changes.push(token.change);
        draft.records.push(token.record);
        Ok(draft)
    }
}

impl IssueToken {
    /// Where nothing is said, the token is good where the one is that it is made with.
    fn addresses(&self, caller: &Caller<'_>) -> Result<Vec<Cidr>, Rejection> {
        if self.cidrs.len() > MAX_CIDRS {
            let why = format!("must be at most {MAX_CIDRS} blocks of addresses");
            return Err(Rejection::invalid("allowedCidrs", &why));
        }
        if self.cidrs.is_empty() {
            let own = caller.token().map(|token| token.cidrs.to_vec());
            return Ok(own.unwrap_or_default());
        }
        check_cidrs(caller, &self.cidrs)?;
        Ok(self.cidrs.clone())
    }

    /// A personal token that is made with another one dies with it at the latest, so that none can renew itself.
    fn expiry(
        &self,
        state: &State,
        caller: &Caller<'_>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Rejection> {
        let (longest, why) = match &self.holder {
            Holder::Service(_) => (MAX_SERVICE_TTL, "must be 0 (no end) to 315360000 seconds"),
            Holder::Myself => (MAX_PERSONAL_TTL, "must be 1 to 86400 seconds"),
        };
        match (self.ttl, &self.holder) {
            (None, Holder::Service(_)) if state.settings().tokens_without_expiry => Ok(None),
            (None, Holder::Service(_)) => Err(Rejection::invalid(
                "ttl_seconds",
                &"must be 1 to 315360000: this workspace wants an end for every token",
            )),
            (Some(ttl), _) if ttl.is_zero() || ttl > longest => {
                Err(Rejection::invalid("ttl_seconds", &why))
            }
            (Some(ttl), Holder::Service(_)) => Ok(Some(now.plus(ttl))),
            (Some(ttl), Holder::Myself) => {
                let maker = caller.token().filter(|token| !token.purpose.is_sign_in());
                let end = maker.and_then(|token| token.expires_at);
                Ok(Some(
                    end.map_or(now.plus(ttl), |end| end.min(now.plus(ttl))),
                ))
            }
            (None, Holder::Myself) => Err(Rejection::invalid("ttl_seconds", &why)),
        }
    }
}

/// A token that is good at some addresses only makes none that is good elsewhere.
fn check_cidrs(caller: &Caller<'_>, cidrs: &[Cidr]) -> Result<(), Rejection> {
    let own = caller.token().map(|token| &*token.cidrs);
    if within(cidrs, own.unwrap_or_default()) {
        Ok(())
    } else {
        let why = "must be within the blocks of the token that is used";
        Err(Rejection::invalid("allowedCidrs", &why))
    }
}

fn resolve(caller: &Caller<'_>, request: &ScopeRequest) -> Result<Place, Rejection> {
    match (&request.project, &request.config) {
        (None, None) => Ok(Place::EVERYWHERE),
        (None, Some(_)) => Err(Rejection::invalid(
            "config",
            &"needs the project that it is in",
        )),
        (Some(project), None) => Ok(Place::project(caller.project(project)?.id)),
        (Some(project), Some(config)) => {
            let path = ConfigPath {
                project: project.clone(),
                config: config.clone(),
            };
            Ok(caller.config(&path)?.place())
        }
    }
}

/// What a token is given in `place`: no more than the caller has.
fn granted(
    caller: &Caller<'_>,
    holder: &Holder,
    wanted: Option<ActionSet>,
    place: Place,
) -> Result<Vec<Scope>, Rejection> {
    let scopes = match (wanted, holder) {
        (Some(actions), _) => {
            caller.require_all(actions, place)?;
            vec![Scope { actions, place }]
        }
        (None, Holder::Service(_)) => {
            let actions = caller.authority().actions(place);
            vec![Scope { actions, place }]
        }
        (None, Holder::Myself) => caller.authority().granted_in(place).collect(),
    };
    if scopes.iter().all(|scope| scope.actions.is_empty()) {
        return Err(Rejection::invalid(
            "actions",
            &"must name at least one action",
        ));
    }
    Ok(scopes)
}

/// Whether the caller may do `action` to a token: to any in places where they hold the action; signed in, to their own;
/// and with a token, to that token itself.
pub fn may_handle(caller: &Caller<'_>, action: Action, token: &Token) -> bool {
    let used = caller.token();
    let itself = used.is_some_and(|used| used.id == token.id);
    let signed_in = used.is_none_or(|used| used.purpose.is_sign_in());
    let own = caller
        .user()
        .is_ok_and(|user| token.subject == Subject::User(user.id));
    itself || (signed_in && own) || covers_all(caller.authority(), action, token)
}

fn covers_all(authority: &Authority, action: Action, token: &Token) -> bool {
    token
        .scopes
        .iter()
        .all(|scope| authority.may(action, scope.place))
}

/// Revokes a token. Revoking a dead one changes nothing.
pub struct RevokeToken {
    /// The token.
    pub token_id: TokenId,
}

impl Command for RevokeToken {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let visible = |token: &&Token| {
            may_handle(&caller, Action::TokensRead, token)
                || may_handle(&caller, Action::TokensRevoke, token)
        };
        let token = state
            .token(self.token_id)
            .filter(visible)
            .ok_or(Rejection::NotFound(Noun::Token))?;
        if !may_handle(&caller, Action::TokensRevoke, token) {
            return Err(Rejection::MissingScope(Action::TokensRevoke));
        }
        let target = Target {
            token: Some(token.id),
            ..Target::default()
        };
        let mut draft = Draft::new(caller.name(), "tokens.revoke", target, ());
        if token.revoked_at.is_none() {
            draft
                .changes
                .push(Change::TokenRevoked { token_id: token.id });
        }
        Ok(draft)
    }
}

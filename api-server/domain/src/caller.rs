//! Who is asking, and what they may see and do in one state.

use crate::access::{Action, ActionSet, Authority, Place, Scope};
use crate::entry::{ActorKind, EntryActor, Subject};
use crate::id::{TokenId, UserId};
use crate::names::{ConfigPath, Slug};
use crate::rejection::{Noun, Rejection};
use crate::state::{Config, Project, State, Token, User};
use crate::time::Timestamp;

/// Who is asking, as far as it was proved. What that is worth is looked up anew in every state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The server itself.
    System,
    /// Nobody in particular.
    Anonymous,
    /// Somebody who just proved their password.
    User(UserId),
    /// Somebody with a token.
    Token(TokenId),
}

/// An actor in one state: whose names and rights these are now.
pub struct Caller<'a> {
    state: &'a State,
    authority: Authority,
    user: Option<&'a User>,
    token: Option<&'a Token>,
}

impl<'a> Caller<'a> {
    /// Looks the actor up. A dead token, or the token of somebody who is gone, is nobody's.
    pub fn identify(state: &'a State, actor: &Actor, now: Timestamp) -> Result<Self, Rejection> {
        match actor {
            Actor::System => Ok(Self {
                state,
                authority: Authority::of(vec![Scope::EVERYTHING]),
                user: None,
                token: None,
            }),
            Actor::Anonymous => Err(Rejection::Unauthenticated),
            Actor::User(id) => Self::signed_in(state, *id),
            Actor::Token(id) => {
                let token = state
                    .token(*id)
                    .filter(|token| token.is_alive(now))
                    .ok_or(Rejection::Unauthenticated)?;
                Self::with_token(state, token)
            }
        }
    }

    /// Somebody who proved their password, with all that they may do.
    pub fn signed_in(state: &'a State, id: UserId) -> Result<Self, Rejection> {
        let user = active(state, id)?;
        Ok(Self {
            state,
            authority: Authority::of(state.rights_of(user)),
            user: Some(user),
            token: None,
        })
    }

    fn with_token(state: &'a State, token: &'a Token) -> Result<Self, Rejection> {
        let granted = token.scopes.to_vec();
        let (authority, user) = match &token.subject {
            Subject::User(id) => {
                let user = active(state, *id)?;
                let limit = state.rights_of(user);
                (Authority::limited(granted, limit), Some(user))
            }
            Subject::Service(_) => (Authority::of(granted), None),
        };
        Ok(Self {
            state,
            authority,
            user,
            token: Some(token),
        })
    }

    /// What an actor is called, whatever it is still worth: also a dead token has, or had, somebody behind it.
    pub fn name_of(state: &'a State, actor: &Actor) -> EntryActor {
        let (user, token) = match actor {
            Actor::System => return EntryActor::server(),
            Actor::Anonymous => return EntryActor::nobody(),
            Actor::User(id) => (state.user(*id), None),
            Actor::Token(id) => {
                let token = state.token(*id);
                let user = match token.map(|token| &token.subject) {
                    Some(Subject::User(id)) => state.user(*id),
                    Some(Subject::Service(_)) | None => None,
                };
                (user, token)
            }
        };
        named(user, token).unwrap_or_else(EntryActor::nobody)
    }

    /// What the caller may do.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The caller as an entry names it.
    pub fn name(&self) -> EntryActor {
        named(self.user, self.token).unwrap_or_else(EntryActor::server)
    }

    /// The person who is asking; refused for a service token.
    pub fn user(&self) -> Result<&'a User, Rejection> {
        self.user.ok_or(Rejection::NotAUser)
    }

    /// The token that is used, if it is one.
    pub fn token(&self) -> Option<&'a Token> {
        self.token
    }

    /// Refuses unless the caller may do `action` in all of `place`.
    pub fn require(&self, action: Action, place: Place) -> Result<(), Rejection> {
        if self.authority.may(action, place) {
            Ok(())
        } else {
            Err(Rejection::MissingScope(action))
        }
    }

    /// Refuses unless the caller may do each of `actions` in all of `place`: nobody gives others what they do not have.
    pub fn require_all(&self, actions: ActionSet, place: Place) -> Result<(), Rejection> {
        actions
            .iter()
            .try_for_each(|action| self.require(action, place))
    }

    /// In how many projects something is allowed beside what is allowed everywhere.
    pub fn project_scope_count(&self) -> usize {
        let projects = self.state.projects();
        projects
            .filter(|project| self.authority.allows_more_in(project.id))
            .count()
    }

    /// A project that the caller may know of.
    pub fn project(&self, slug: &Slug) -> Result<&'a Project, Rejection> {
        let project = self.state.project_at(slug);
        project
            .filter(|project| self.authority.sees(Place::project(project.id)))
            .ok_or(Rejection::NotFound(Noun::Project))
    }

    /// A config that the caller may know of. One whose token is for a config that was deleted learns just that.
    pub fn config(&self, path: &ConfigPath) -> Result<&'a Config, Rejection> {
        let config = self.state.config_at(path);
        config.filter(|config| self.sees(config)).ok_or_else(|| {
            if self.lost(path) {
                Rejection::ConfigDeleted
            } else if self.project(&path.project).is_ok() {
                Rejection::NotFound(Noun::Config)
            } else {
                Rejection::NotFound(Noun::Project)
            }
        })
    }

    /// A config in which the caller may do `action`.
    pub fn config_for(&self, action: Action, path: &ConfigPath) -> Result<&'a Config, Rejection> {
        let config = self.config(path)?;
        self.require(action, config.place())?;
        Ok(config)
    }

    /// Whether the caller may know of `config`.
    pub fn sees(&self, config: &Config) -> bool {
        self.authority.sees(config.place())
    }

    fn lost(&self, path: &ConfigPath) -> bool {
        let scopes = self.token.map(|token| &*token.scopes).unwrap_or_default();
        let mut gone = scopes
            .iter()
            .filter_map(|scope| self.state.gone(scope.place.config_id?));
        gone.any(|gone| gone.path == *path)
    }
}

/// Somebody who may sign in. Of whoever is disabled nothing is accepted.
fn active(state: &State, id: UserId) -> Result<&User, Rejection> {
    let user = state.user(id).filter(|user| !user.disabled);
    user.ok_or(Rejection::Unauthenticated)
}

/// A user or a service token as an entry names it.
fn named(user: Option<&User>, token: Option<&Token>) -> Option<EntryActor> {
    let (kind, id) = match (user, token.map(|token| &token.subject)) {
        (Some(user), _) => (ActorKind::User, user.username.to_string()),
        (None, Some(Subject::Service(name))) => (ActorKind::Service, name.to_string()),
        (None, Some(Subject::User(_)) | None) => return None,
    };
    Some(EntryActor {
        kind,
        id,
        token_id: token.map(|token| token.id),
    })
}

//! Why a command or a read is refused. Each text is for the caller and repeats nothing that the caller sent.

use crate::access::Action;
use crate::entry::Seq;
use crate::names::Key;
use crate::references::Fault;
use crate::state::Done;

/// A refusal. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No credentials, or none that are good any more.
    #[error("Not authenticated")]
    Unauthenticated,
    /// The caller may know of the thing but not do this to it.
    #[error("Missing scope: {0}")]
    MissingScope(Action),
    /// Only a person can do this.
    #[error("Only a user can do this; this is a service token")]
    NotAUser,
    /// Absent, or not visible to this caller.
    #[error("{0} not found")]
    NotFound(Noun),
    /// The config that the caller's token is for was deleted.
    #[error("Config was deleted")]
    ConfigDeleted,
    /// The name is taken.
    #[error("{0} already exists")]
    AlreadyExists(Noun),
    /// There is a first user already.
    #[error("Already initialized")]
    AlreadyInitialized,
    /// Nobody would be left who may do everything.
    #[error("The last active owner cannot be disabled or given another role")]
    LastOwner,
    /// Other configs inherit from it.
    #[error("Other configs inherit from this one; delete them or give them another parent first")]
    HasChildren,
    /// A config would inherit from itself.
    #[error("A config cannot inherit from itself, not by way of others either")]
    InheritanceCycle,
    /// The config was never at this revision.
    #[error("Revision not found")]
    RevisionNotFound,
    /// The same request was carried out before.
    #[error("This was done already, as entry {} of the journal", .0.seq)]
    AlreadyDone(Done),
    /// Another request had this idempotency key.
    #[error("The Idempotency-Key was used for another request")]
    IdempotencyKeyReused,
    /// Secrets of other configs refer to it.
    #[error("Secrets of other configs refer to this one; change these first")]
    HasDependents,
    /// A value refers to what it cannot, or not for this caller.
    #[error("{fault}")]
    Reference {
        /// The key of the value.
        key: Key,
        /// What is wrong.
        fault: Fault,
    },
    /// Somebody else's change came first.
    #[error("The config has changed since; it is now at revision {current}")]
    RevisionMoved {
        /// The revision that it has now.
        current: Seq,
    },
    /// A field has a value that it cannot have.
    #[error("Invalid {field}: {why}")]
    Invalid {
        /// The field's name in the request.
        field: String,
        /// What it must be; never what it was.
        why: String,
    },
    /// A config would get larger than it may be.
    #[error("{0}")]
    TooLarge(&'static str),
    /// This server lacks a key that the journal names: another server has changed to it meanwhile.
    #[error("This server does not have the key that is in use now")]
    KeyMissing,
    /// There is no other root key.
    #[error(
        "The server has no other root key to change to; start it with a new one as ENCRYPTION_KEY, and with the present \
         one as ENCRYPTION_KEY_PREVIOUS"
    )]
    NothingToRotateTo,
    /// A stored value does not open: damaged, or its key is lost. Nobody who calls can mend it.
    #[error("The stored value of {0} cannot be opened")]
    Unopenable(String),
}

/// A kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    /// A project.
    Project,
    /// A config.
    Config,
    /// A secret.
    Secret,
    /// A token.
    Token,
    /// A user.
    User,
    /// A group.
    Group,
    /// A mapping of a group.
    Mapping,
    /// Somebody with a role of their own in a project.
    ProjectMember,
}

impl std::fmt::Display for Noun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Project => "Project",
            Self::Config => "Config",
            Self::Secret => "Secret",
            Self::Token => "Token",
            Self::User => "User",
            Self::Group => "Group",
            Self::Mapping => "Group mapping",
            Self::ProjectMember => "Project member",
        })
    }
}

impl Rejection {
    /// A field's value is not what it must be.
    pub fn invalid(field: impl Into<String>, why: &impl ToString) -> Self {
        Self::Invalid {
            field: field.into(),
            why: why.to_string(),
        }
    }
}

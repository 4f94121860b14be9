//! Typed client for Simple Secrets Manager's HTTP API, used by the operator, the command line and tests.
//!
//! It knows the wire format and how to behave on a network (time limits, bounded retries, reconnecting streams), and
//! nothing about how the server works or what callers do with secrets. Three habits hold everywhere:
//!
//! - Redirects are never followed, so a token reaches the server it was given for and no other.
//! - Values, tokens and passwords are [`SecretValue`], [`Token`] and [`Password`], which print as `[redacted]`.
//! - No error's text holds a value, a token or the body of a response; the server's own `message` is safe to show.

mod api;
mod builder;
mod error;
mod http;
mod origin;
mod secret;
mod sse;
mod watch;
mod wire;

pub use api::secrets::{ConfigSecrets, ETag, Export, ExportRequest, Patch};
pub use api::tokens::{NewPersonalToken, NewServiceToken};
pub use builder::ClientBuilder;
pub use error::{Error, Refusal, Result};
pub use http::Client;
pub use origin::Origin;
pub use secret::{Password, SecretValue, Token};
pub use watch::{Watch, WatchEvent, WatchOptions};
pub use wire::{
    AuditEvent, AuditPage, AuditVerification, BadThing, Bootstrapped, Change, Config, DataKeys,
    GoneReason, ItemWritten, JournalHead, KeyChange, Keys, ManyWritten, Me, Onboarding, Project,
    ReportedConsumer, ReportedSource, RootKey, Rotation, RotationState, Scope, SyncReport,
    TokenInfo, TokenIssued, Version,
};

//! Runs the domain over a journal: one writer decides commands and appends their entries, everybody else reads the
//! state that it publishes.
//!
//! The engine knows no HTTP and no database; a [`journal::Journal`] is given to it.

pub mod access;
pub mod activity;
mod audit;
mod auth;
pub mod backup;
mod cache;
#[cfg(feature = "testing")]
pub mod contract;
mod engine;
mod error;
mod export;
mod follow;
mod history;
mod idempotency;
pub mod import;
pub mod journal;
#[cfg(feature = "testing")]
pub mod memory;
pub mod migrate;
mod proof;
mod read;
mod replay;
pub mod restore;
mod rotation;
mod sign_in;
mod signing;
pub mod snapshot;
pub mod steps;
pub mod sweep;
pub mod throttle;
pub mod verify;
mod writer;

pub use audit::{
    AuditEvent, AuditPage, AuditQuery, EventPosition, InvalidCursor, PageStart, Which,
};
pub use cache::{Followed, Rendered};
pub use engine::{Engine, EngineOptions, Health, Keys, Requester};
pub use error::{OpenError, ReadFailure, RunError};
pub use export::{Export, InvalidStream, Stream};
pub use history::{HistoryPage, KeyVersion, SetVersion};
pub use idempotency::{Admission, Answer, Ticket};
pub use read::{ConfigReader, ConfigVersion, Fresh, ReaderMark, RenderKey};
pub use replay::read_state;
pub use sign_in::Claim;

//! The record of what is no change: values that were given out, what was refused, sign-ins that failed.
//!
//! Repeats within a minute become one record with a count, which is stored when the minute is over: to record costs next
//! to nothing, and a crash loses a minute at most. With [`AuditReads::Every`], a read is stored before its answer is
//! given; what cannot be stored is not answered. Each process writes a chain of its own, signed at the end of each batch.

mod event;
mod log;
mod recorder;
mod retention;
mod store;
mod windows;

use std::time::Duration;

pub use event::Event;
pub(crate) use log::AccessLog;
pub(crate) use recorder::{Job, run as run_recorder};
pub(crate) use retention::trim_regularly;
pub use store::{AccessFilter, AccessStore, ChainedAccess, FoundAccess, Outcome, StoredAccess};

/// How reads are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuditReads {
    /// Repeats within a minute together, after it.
    #[default]
    Collapsed,
    /// Each by itself, before its answer.
    Every,
}

/// How the record of reads is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessOptions {
    /// How reads are recorded; what is refused is always collapsed.
    pub reads: AuditReads,
    /// For how long records are kept.
    pub retention: Duration,
}

impl AccessOptions {
    /// For whoever opens data for a moment only, and does not know for how long its server keeps records.
    pub const KEEP_EVERYTHING: Self = Self {
        reads: AuditReads::Collapsed,
        retention: Duration::MAX,
    };
}

impl Default for AccessOptions {
    fn default() -> Self {
        Self {
            reads: AuditReads::default(),
            retention: Duration::from_hours(90 * 24),
        }
    }
}

/// How the record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessHealth {
    /// What was to be stored last is stored.
    Ready,
    /// It could not be stored, and is tried again.
    Fails,
}

/// A read cannot be recorded now, so it must not be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("This read cannot be recorded at the moment, and is not answered without")]
pub struct Unrecorded;

//! The engine over a journal in memory.

mod access;
mod access_chains;
mod activity;
mod backup;
mod contract;
mod events;
mod following;
mod good_storage;
mod history;
mod idempotency;
mod import;
mod imported;
mod migrate;
mod proof;
mod rotated;
mod signing;
mod snapshots;
mod storage_faults;
mod support;

//! Restarts of workloads after their Secret's data has changed. Only with `RESTART_ENABLED`, and only of workloads whose
//! owners have opted in by annotation.
//!
//! 1. Before the data is changed, and only where a workload will have to be restarted for it, `status.restartPending` says so
//!    ([`announce`]).
//! 2. The Secret is written, and the status tells its new version. From then on the change is made ([`intent`]).
//! 3. Once the debounce time is over, the workloads are patched, and `restartPending` goes ([`run`]).
//!
//! So the status always knows what is still to be done, and a crash at any point costs no restart. Each pod template remembers the change
//! it was restarted for, so that none is restarted twice for the same one.

pub mod announce;
pub mod intent;
pub mod run;
pub mod state;
pub mod watch;
pub mod workload;
pub mod workloads;

pub use state::Restarts;

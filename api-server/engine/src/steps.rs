//! Named steps at which a test lets the process die, as `kill -9` would, to see what is there afterwards.
//!
//! `SSM_TEST_CRASH_AT=append:before-commit` ends it when it gets there, `append:before-commit#3` when it gets there for the
//! third time. A release build has none of this.

#[cfg(debug_assertions)]
use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

/// Says that the process has got to `step`, where it may have to end.
#[cfg(debug_assertions)]
pub fn reached(step: &str) {
    static CRASH: OnceLock<Option<Crash>> = OnceLock::new();
    let crash = CRASH.get_or_init(|| {
        std::env::var("SSM_TEST_CRASH_AT")
            .ok()
            .map(|at| Crash::at(&at))
    });
    if crash.as_ref().is_some_and(|crash| crash.is_due(step)) {
        // Nothing is dropped, flushed or closed.
        std::process::abort();
    }
}

/// Says that the process has got to `step`.
#[cfg(not(debug_assertions))]
pub fn reached(_step: &str) {}

#[cfg(debug_assertions)]
struct Crash {
    step: String,
    passes: AtomicU32,
}

#[cfg(debug_assertions)]
impl Crash {
    fn at(text: &str) -> Self {
        let (step, time) = text.split_once('#').unwrap_or((text, "1"));
        let time: u32 = time.parse().expect("the time is a number from 1");
        Self {
            step: step.to_owned(),
            passes: AtomicU32::new(time - 1),
        }
    }

    /// Whether this is the time to end.
    fn is_due(&self, step: &str) -> bool {
        let pass = |left: u32| left.checked_sub(1);
        self.step == step
            && self
                .passes
                .try_update(Ordering::Relaxed, Ordering::Relaxed, pass)
                .is_err()
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::Crash;

    #[test]
    fn a_crash_is_due_at_its_step_and_its_time() {
        let crash = Crash::at("append:after-commit#3");
        let steps = [
            ("append:after-commit", false),
            ("append:before-commit", false),
            ("append:after-commit", false),
            ("append:after-commit", true),
        ];
        for (step, due) in steps {
            assert_eq!(crash.is_due(step), due);
        }
        assert!(Crash::at("publish:before").is_due("publish:before"));
    }
}

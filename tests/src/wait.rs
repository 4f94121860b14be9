//! Waiting for a condition with a deadline: the only place where a test lets time pass.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Tries until `attempt` is `Ok`, and returns its value; an `Err` means "not yet". Past the deadline, which bounds each
/// attempt too, the error names `what` was awaited and why the last attempt said no.
pub async fn eventually<T>(
    deadline: Duration,
    what: &str,
    mut attempt: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut last = anyhow!("no attempt came to an end");
    loop {
        let left = deadline.saturating_sub(started.elapsed());
        // An attempt that the deadline cuts short says less than the one before it.
        if let Ok(outcome) = tokio::time::timeout(left, attempt()).await {
            match outcome {
                Ok(value) => return Ok(value),
                Err(error) => last = error,
            }
        }
        let left = deadline.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(last.context(format!("waited {deadline:?} in vain for {what}")));
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use anyhow::ensure;

    use super::*;

    #[tokio::test]
    async fn the_value_of_the_first_success_is_returned() {
        let mut attempts = 0;
        let value = eventually(Duration::from_secs(5), "three attempts", async || {
            attempts += 1;
            ensure!(attempts == 3, "only {attempts}");
            Ok(attempts)
        });
        assert_eq!(value.await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_missed_deadline_names_what_was_awaited_and_the_last_reason() {
        let error = eventually(Duration::from_millis(20), "the moon", async || {
            ensure!(false, "it is day");
            Ok(())
        });
        let message = format!("{:#}", error.await.unwrap_err());
        assert_eq!(message, "waited 20ms in vain for the moon: it is day");
    }

    #[tokio::test]
    async fn an_attempt_that_hangs_ends_at_the_deadline() {
        let error = eventually(Duration::from_millis(20), "an answer", async || {
            std::future::pending::<Result<()>>().await
        });
        let message = format!("{:#}", error.await.unwrap_err());
        assert_eq!(
            message,
            "waited 20ms in vain for an answer: no attempt came to an end"
        );
    }
}

//! How figures are printed.

use std::time::Duration;

use anyhow::{Context as _, Result};
use ssm_tests::Process;

/// One line: a figure, the reference's, and the ratio of the two.
pub fn line(what: &str, unit: &str, measured: f64, reference: f64) {
    let ratio = measured / reference;
    println!(
        "{what:<46} {:>14} {:>14} {ratio:>8.2}",
        with(measured, unit),
        with(reference, unit)
    );
}

/// The resident memory of a process, which is a figure by itself.
pub fn memory(what: &str, process: &Process) -> Result<()> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid()))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: f64 = resident
        .and_then(|rest| rest.split_whitespace().next())
        .context("no VmRSS")?
        .parse()?;
    println!(
        "{:<46} {:>14}",
        format!("resident memory, {what}"),
        with(kilobytes / 1024.0, "MiB")
    );
    Ok(())
}

/// The value below which `share` of all is.
pub fn percentile(sorted: &[Duration], share: f64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = ((sorted.len() - 1) as f64 * share).round() as usize;
    sorted[index]
}

fn with(figure: f64, unit: &str) -> String {
    if figure >= 100.0 {
        format!("{figure:.0} {unit}")
    } else {
        format!("{figure:.1} {unit}")
    }
}

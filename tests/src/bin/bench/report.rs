//! How figures are printed.

use std::time::Duration;

use anyhow::{Context as _, Result};
use ssm_tests::Process;

/// One line: a figure, the reference's, and the ratio of the two.
pub fn line(what: &str, unit: &str, measured: f64, reference: f64) {
    let ratio = measured / reference;
    println!(
        "{what:<66} {:>12} {:>12} {ratio:>8.2}",
        with(measured, unit),
        with(reference, unit)
    );
}

/// A figure by itself.
pub fn plain(what: &str, unit: &str, figure: f64) {
    println!("{what:<66} {:>12}", with(figure, unit));
}

/// A line of durations, of which the one is taken below which `share` of all are.
pub fn share_line(what: &str, share: f64, measured: &[Duration], reference: &[Duration]) {
    let [ours, theirs] =
        [measured, reference].map(|durations| millis(percentile(durations, share)));
    line(what, "ms", ours, theirs);
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
        "{:<66} {:>12}",
        format!("resident memory, {what}"),
        with(kilobytes / 1024.0, "MiB")
    );
    Ok(())
}

/// A duration as the report tells it.
pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The value below which `share` of all is.
pub fn percentile(durations: &[Duration], share: f64) -> Duration {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = ((sorted.len() - 1) as f64 * share).round() as usize;
    sorted[index]
}

/// The figure in the middle.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn with(figure: f64, unit: &str) -> String {
    if figure >= 100.0 {
        format!("{figure:.0} {unit}")
    } else {
        format!("{figure:.1} {unit}")
    }
}

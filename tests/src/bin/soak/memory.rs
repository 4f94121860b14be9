//! What a process needs of memory, and by how much that grows.

use anyhow::{Context as _, Result};

/// The most samples that are taken while a process gets warm: ten minutes of them.
const WARMING: usize = 600;

/// A sample for each time that it was looked at, in MiB.
#[derive(Default)]
pub struct Samples(Vec<f64>);

/// What it comes down to when it is warm, and at the end, in MiB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    pub warm: f64,
    pub end: f64,
}

impl Samples {
    /// Takes one. Pages of the program's file do not count: which of them are there is the system's affair.
    pub fn take(&mut self, pid: u32) -> Result<()> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let own = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"));
        let kilobytes: f64 = own
            .and_then(|rest| rest.split_whitespace().next())
            .context("no RssAnon")?
            .parse()?;
        self.0.push(kilobytes / 1024.0);
        Ok(())
    }

    /// What it came down to in each tenth of the time.
    pub fn course(&self) -> Vec<f64> {
        let tenth = self.0.len().div_ceil(10).max(1);
        self.0.chunks(tenth).map(floor).collect()
    }

    /// The first half, but no more than [`WARMING`], is for getting warm: what is kept up to a bound gets there, and the
    /// allocator finds its shape. Of the rest, the first and the last third are compared, each by the sample below which a tenth
    /// of its samples are: work in progress comes and goes, and a leak lifts what is left without it.
    pub fn levels(&self) -> Levels {
        let rest = &self.0[(self.0.len() / 2).min(WARMING)..];
        let third = (rest.len() / 3).max(1);
        Levels {
            warm: floor(&rest[..third]),
            end: floor(&rest[rest.len() - third..]),
        }
    }
}

impl Levels {
    /// By how many percent it has grown.
    pub fn growth(self) -> f64 {
        (self.end / self.warm - 1.0) * 100.0
    }
}

fn floor(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 10]
}

#[cfg(test)]
mod tests {
    use super::Samples;

    /// Of 300 samples, with work in progress in every other one.
    fn growth(level: impl Fn(f64) -> f64) -> f64 {
        let of = |n: u32| level(f64::from(n)) + f64::from(n % 2) * 30.0;
        Samples((0..300).map(of).collect()).levels().growth()
    }

    #[test]
    fn getting_warm_and_work_in_progress_are_no_growth() {
        let warming = |n: f64| (20.0 + n / 5.0).min(40.0);
        assert!(growth(warming).abs() < 1.0);
    }

    #[test]
    fn a_slow_leak_is_growth() {
        assert!(growth(|n| 40.0 + n / 30.0) > 5.0);
    }
}

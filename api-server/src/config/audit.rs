//! Settings of the record of reads and refusals.

use std::time::Duration;

use clap::{Args, ValueEnum};
use ssm_engine::access::{AccessOptions, AuditReads};

/// How reads are recorded and for how long that is kept.
#[derive(Args)]
pub(crate) struct AuditSettings {
    /// How reads are recorded: `collapsed`, like ones within a minute together and after it, or `every`, each one durably
    /// before it is answered
    #[arg(
        long,
        env = "AUDIT_READS",
        default_value = "collapsed",
        ignore_case = true
    )]
    pub audit_reads: Reads,
    /// For how long records of reads, refusals and failed sign-ins are kept, such as `90d`, `12h` or `30m`; changes are
    /// kept for good
    #[arg(long, env = "ACCESS_RETENTION", default_value = "90d", value_parser = duration)]
    pub access_retention: Duration,
}

/// How reads are recorded.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Reads {
    Collapsed,
    Every,
}

impl AuditSettings {
    pub(super) fn options(&self) -> AccessOptions {
        AccessOptions {
            reads: match self.audit_reads {
                Reads::Collapsed => AuditReads::Collapsed,
                Reads::Every => AuditReads::Every,
            },
            retention: self.access_retention,
        }
    }
}

/// A whole number of seconds, minutes, hours or days.
pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    let seconds = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return None,
        };
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| number.parse::<u64>().ok()).flatten()?;
        number.checked_mul(unit).filter(|seconds| *seconds > 0)
    };
    seconds()
        .map(Duration::from_secs)
        .ok_or("must be a whole number of days, hours, minutes or seconds above zero, such as 90d, 12h, 30m or 45s")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::duration;

    #[test]
    fn a_duration_is_a_whole_number_with_its_unit() {
        for (text, hours) in [("90d", 2_160), ("12h", 12), ("120m", 2), ("7200s", 2)] {
            assert_eq!(duration(text), Ok(Duration::from_hours(hours)), "{text}");
        }
        for bad in [
            "",
            "d",
            "90",
            "0d",
            "-1d",
            "+1d",
            "1.5h",
            "90 d",
            "1w",
            "9d ",
            "1é",
            "99999999999999999999d",
            "999999999999999999d",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}

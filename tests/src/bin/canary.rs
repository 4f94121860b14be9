//! Looks through every log that the last test run left for secret values, passwords and tokens.

use anyhow::{Result, bail};
use ssm_tests::{canary, logs_dir};

fn main() -> Result<()> {
    let logs = logs_dir()?;
    let seen = canary::sightings(&logs)?;
    if seen.is_empty() {
        println!("no secret value, password or token in any log of the test run");
        return Ok(());
    }
    bail!("secrets in logs:\n  {}", seen.join("\n  "));
}

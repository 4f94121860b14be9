//! Looks through what the last test run left for secret values, passwords and tokens: every log, and the files of the
//! MongoDB that the tests shared. With the name of a directory, it looks through that alone.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use ssm_tests::{canary, logs_dir, scratch_left};

fn main() -> Result<()> {
    if let Some(dir) = std::env::args_os().nth(1) {
        let seen = canary::sightings(Path::new(&dir))?;
        ensure!(
            seen.is_empty(),
            "secrets in clear:\n  {}",
            seen.join("\n  ")
        );
        println!("no secret value, password or token in {}", dir.display());
        return Ok(());
    }
    let databases = scratch_left("mongodb")?;
    // What is compressed or gone shows nothing: the names of the tests' projects lie there in clear.
    let mut readable = false;
    for database in &databases {
        readable |= canary::is_below(database, b"shop-")?;
    }
    ensure!(
        readable || std::env::var_os("MONGODB_URI").is_some(),
        "no MongoDB of the tests is left that could be read; run them with TEST_STORE=mongodb first"
    );
    let mut seen = canary::sightings(&logs_dir()?)?;
    for database in &databases {
        seen.append(&mut canary::sightings(database)?);
    }
    if seen.is_empty() {
        println!(
            "no secret value, password or token in any log of the test run, nor in the files of {} MongoDB",
            databases.len()
        );
        return Ok(());
    }
    bail!("secrets in clear:\n  {}", seen.join("\n  "));
}

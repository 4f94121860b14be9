//! Where things are: the programs under test, and what a run writes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Cargo's directory for this profile, `target/debug` for instance.
pub(crate) fn profile_dir() -> Result<PathBuf> {
    let exe = std::env::current_exe().context("finding the running executable")?;
    let dir = exe
        .parent()
        .context("the running executable has no directory")?;
    // Tests are in `deps`, examples in `examples`, binaries in the directory itself.
    let nested = dir
        .file_name()
        .is_some_and(|name| name == "deps" || name == "examples");
    Ok(if nested {
        dir.parent().unwrap_or(dir)
    } else {
        dir
    }
    .to_owned())
}

/// The path of one of the workspace's own programs: in the directory that `TEST_BINARIES` names where it is set, else as
/// built in the profile of the running executable.
pub fn product_binary(name: &str) -> Result<PathBuf> {
    let given = std::env::var_os("TEST_BINARIES").filter(|dir| !dir.is_empty());
    let (dir, advice) = match given {
        Some(dir) => (
            PathBuf::from(dir),
            "TEST_BINARIES must name a directory that has it, or be unset",
        ),
        None => (
            profile_dir()?,
            "run `cargo build --workspace --bins` (with the same profile)",
        ),
    };
    let path = dir.join(name);
    ensure!(path.is_file(), "{} is missing: {advice}", path.display());
    Ok(path)
}

/// Where all test processes of this profile leave the logs of what they started: one directory for each test process,
/// in it one `*.log` for each program.
pub fn logs_dir() -> Result<PathBuf> {
    Ok(profile_dir()?.join("test-logs"))
}

/// The directory in [`logs_dir`] that belongs to this test process.
pub(crate) fn own_logs_dir() -> Result<PathBuf> {
    let exe = std::env::current_exe().context("finding the running executable")?;
    let stem = exe
        .file_stem()
        .map_or_else(|| "test".into(), |stem| stem.to_string_lossy().into_owned());
    let dir = logs_dir()?.join(format!("{stem}-{}", std::process::id()));
    make_dir(&dir)?;
    Ok(dir)
}

/// The project's directory in the user's cache.
pub(crate) fn cache_dir() -> Result<PathBuf> {
    let from = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = from("XDG_CACHE_HOME")
        .or_else(|| from("HOME").map(|home| home.join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(base.join("simple-secrets-manager"))
}

pub(crate) fn make_dir(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))
}

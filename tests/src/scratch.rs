//! Directories for one use, which go away even when their owner could not clean up.
//!
//! What a killed test left behind, or a `static` that is never dropped, is removed by the next test process: each
//! directory has a lock file beside it that its owner holds, and a lock that can be taken means that the owner is gone.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{
        Once,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::{Context, Result};

use crate::paths;

/// A fresh, empty directory on the same disk as the build, removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    lock_path: PathBuf,
    _lock: File,
}

impl Scratch {
    /// Makes a directory whose name begins with `name`.
    pub fn new(name: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        static SWEEP: Once = Once::new();

        let root = paths::profile_dir()?.join("test-scratch");
        paths::make_dir(&root)?;
        // Held while a directory is made or swept, so that no new one looks like an abandoned one.
        let gate = File::create(root.join("gate"))
            .context("making the gate of the scratch directories")?;
        gate.lock()
            .context("waiting at the gate of the scratch directories")?;
        SWEEP.call_once(|| sweep(&root));

        let unique = format!(
            "{name}-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let (path, lock_path) = (root.join(&unique), root.join(format!("{unique}.lock")));
        let lock =
            File::create(&lock_path).with_context(|| format!("making {}", lock_path.display()))?;
        lock.lock()
            .with_context(|| format!("locking {}", lock_path.display()))?;
        paths::make_dir(&path)?;
        Ok(Self {
            path,
            lock_path,
            _lock: lock,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The directories of this name that ended processes left, since what a `static` holds is never dropped.
pub fn scratch_left(name: &str) -> Result<Vec<PathBuf>> {
    let root = paths::profile_dir()?.join("test-scratch");
    let mut left = Vec::new();
    for entry in fs::read_dir(&root).with_context(|| format!("cannot list {}", root.display()))? {
        let path = entry?.path();
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && file_name.starts_with(&format!("{name}-")) {
            left.push(path);
        }
    }
    Ok(left)
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Best effort: what stays is swept by the next process, for which the lock file must stay too.
        if fs::remove_dir_all(&self.path).is_ok() {
            let _ = fs::remove_file(&self.lock_path);
        }
    }
}

fn sweep(root: &Path) {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let lock_files = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "lock"));
    for lock_file in lock_files {
        let abandoned = File::open(&lock_file).is_ok_and(|lock| lock.try_lock().is_ok());
        if abandoned && remove_if_there(&lock_file.with_extension("")).is_ok() {
            let _ = fs::remove_file(&lock_file);
        }
    }
}

fn remove_if_there(dir: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A directory that was given, or one of our own.
#[derive(Debug)]
pub(crate) enum DataDir {
    Own(Scratch),
    Given(PathBuf),
}

impl DataDir {
    pub(crate) fn new(given: Option<PathBuf>, name: &str) -> Result<Self> {
        match given {
            Some(path) => paths::make_dir(&path).map(|()| Self::Given(path)),
            None => Scratch::new(name).map(Self::Own),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Own(scratch) => scratch.path(),
            Self::Given(path) => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_goes_with_its_owner() {
        let scratch = Scratch::new("short-lived").unwrap();
        let path = scratch.path().to_owned();
        fs::write(path.join("file"), "x").unwrap();
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn sweeping_removes_what_nobody_holds_and_nothing_else() {
        let root = Scratch::new("sweep").unwrap();
        for name in ["abandoned", "held"] {
            fs::create_dir(root.path().join(name)).unwrap();
            fs::write(root.path().join(format!("{name}.lock")), "").unwrap();
        }
        let held = File::open(root.path().join("held.lock")).unwrap();
        held.lock().unwrap();
        sweep(root.path());
        assert!(!root.path().join("abandoned").exists());
        assert!(root.path().join("held").exists());
    }
}

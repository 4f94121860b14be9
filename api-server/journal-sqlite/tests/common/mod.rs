//! What several tests need.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// What would be on the disk if the server that uses `dir` were killed now. The memory that its connections share is
/// left out, as a reboot would.
pub fn copy_of(dir: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["ssm.db", "ssm.db-wal"] {
        fs::copy(dir.join(name), copy.path().join(name)).unwrap();
    }
    copy
}

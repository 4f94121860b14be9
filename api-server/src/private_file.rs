//! Files that hold a secret.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use zeroize::Zeroizing;

/// What others than owner and group may do with a file: read it.
const OTHERS_READ: u32 = 0o004;
/// What others may do with a directory: go through it.
const OTHERS_ENTER: u32 = 0o001;

/// Why a file's secret is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// Everybody on the machine can read it, so that it is no secret.
    #[error(
        "everybody on this machine can read it; make it its owner's only (chmod 600, or defaultMode: 0400 for a volume of \
         Kubernetes)"
    )]
    Exposed,
    /// It is larger than anything of its kind.
    #[error("it is too long to be one")]
    TooLong,
}

/// Reads a text of at most `most` bytes, unless everybody could.
pub(crate) fn read(path: &Path, most: usize) -> Result<Zeroizing<String>, FileError> {
    let mut file = File::open(path)?;
    // Of the file that is open, since the name may stand for another one by now.
    let metadata = file.metadata()?;
    if metadata.mode() & OTHERS_READ != 0 && others_get_to(path)? {
        return Err(FileError::Exposed);
    }
    let mut text = Zeroizing::new(String::with_capacity(most + 1));
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    file.by_ref().take(limit).read_to_string(&mut text)?;
    if text.len() > most {
        return Err(FileError::TooLong);
    }
    Ok(text)
}

/// Whether every directory on the way lets others through.
fn others_get_to(path: &Path) -> io::Result<bool> {
    let path = fs::canonicalize(path)?;
    for directory in path.ancestors().skip(1) {
        if fs::metadata(directory)?.mode() & OTHERS_ENTER == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::{FileError, read};

    #[test]
    fn a_file_that_everybody_can_read_is_refused_unless_nobody_else_gets_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, "secret").unwrap();
        let read_with = |file: u32, directory: u32| {
            fs::set_permissions(&path, Permissions::from_mode(file)).unwrap();
            fs::set_permissions(dir.path(), Permissions::from_mode(directory)).unwrap();
            read(&path, 100)
        };
        assert_eq!(*read_with(0o600, 0o755).unwrap(), "secret");
        assert_eq!(*read_with(0o640, 0o755).unwrap(), "secret");
        assert!(matches!(read_with(0o644, 0o755), Err(FileError::Exposed)));
        assert_eq!(*read_with(0o644, 0o700).unwrap(), "secret");
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, "123456").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert!(read(&path, 6).is_ok());
        assert!(matches!(read(&path, 5), Err(FileError::TooLong)));
        assert!(matches!(
            read(&dir.path().join("none"), 5),
            Err(FileError::Read(_))
        ));
    }
}

//! Where a command writes what may be long: a file that is there whole or not at all, or standard output.

use std::fs::File;
use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::NamedTempFile;

/// The name that stands for standard input and output.
const DASH: &str = "-";

/// Whether a path stands for standard input or output.
pub(crate) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == DASH
}

/// What is being written.
pub(crate) enum Output {
    /// Standard output.
    Stdout(BufWriter<Stdout>),
    /// A draft beside the file, for its owner only.
    File {
        /// The draft, which goes where it is not finished.
        draft: BufWriter<NamedTempFile>,
        /// The file.
        path: PathBuf,
    },
}

impl Output {
    /// Begins to write to `path`, or to standard output for `-`.
    pub(crate) fn to(path: &Path) -> Result<Self> {
        if is_dash(path) {
            return Ok(Self::Stdout(BufWriter::new(io::stdout())));
        }
        // Others may read neither the draft nor, later, the file.
        let draft = NamedTempFile::new_in(directory_of(path))
            .with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(Self::File {
            draft: BufWriter::new(draft),
            path: path.to_owned(),
        })
    }

    /// Makes what was written durable, and gives it its name.
    pub(crate) fn finish(self) -> Result<()> {
        match self {
            Self::Stdout(mut out) => out.flush().context("standard output cannot be written"),
            Self::File { draft, path } => {
                let place = || -> io::Result<()> {
                    let draft = draft.into_inner()?;
                    draft.as_file().sync_all()?;
                    draft.persist(&path)?;
                    File::open(directory_of(&path))?.sync_all()
                };
                place().with_context(|| format!("{} cannot be written", path.display()))
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File { draft, .. } => draft.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File { draft, .. } => draft.flush(),
        }
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

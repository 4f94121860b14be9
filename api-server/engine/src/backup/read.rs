//! Reading a backup: all of it is looked at before any of it is believed.

use std::io::{self, BufRead, Read as _, Seek, SeekFrom};

use ssm_domain::digest::Digest;
use ssm_domain::seal::KeyRing;

use super::format::{End, FORMAT};
use super::{Counts, Header, Line, Part, Parts};
use crate::engine::Keys;

/// No line of a backup is longer.
const LONGEST_LINE: u64 = 256 << 20;

/// Why a backup cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NotABackup {
    /// It cannot be read.
    #[error("the backup cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The first line is none of a backup.
    #[error("this is not a backup that `ssm-server backup` made")]
    Foreign,
    /// A later release made it.
    #[error("the backup has format {0}, which only a later release of the server can read")]
    NewerFormat(u32),
    /// A key that it needs is not at hand.
    #[error(
        "the backup needs the encryption key of the fingerprint {0}; give it as ENCRYPTION_KEY, or as \
         ENCRYPTION_KEY_PREVIOUS"
    )]
    MissingRootKey(String),
    /// The token salt is another one.
    #[error(
        "the backup needs the TOKEN_SALT of the fingerprint {needed}; the one that was given has {given}"
    )]
    WrongTokenSalt {
        /// The fingerprint that it names.
        needed: String,
        /// The fingerprint of the salt at hand.
        given: String,
    },
    /// It ends in the middle.
    #[error("the backup is cut off: its last line is missing")]
    CutOff,
    /// Not all lines are those that were written.
    #[error("the backup is not as it was written: {0}")]
    Altered(&'static str),
}

/// A backup of which everything was looked at.
pub struct BackupReader<R> {
    lines: R,
    header: Header,
    mac: Digest,
    counts: Counts,
}

impl<R: BufRead + Seek> BackupReader<R> {
    /// Looks at all lines, up to the MAC at their end.
    pub fn open(mut lines: R, keys: &Keys) -> Result<Self, NotABackup> {
        let token_salt = keys.salt.fingerprint();
        let keys = KeyRing::with_previous(keys.root.clone(), keys.previous.clone());
        let start = lines.stream_position()?;
        let first = match next_line(&mut lines) {
            Err(NotABackup::CutOff) => return Err(NotABackup::Foreign),
            first => first?,
        };
        let header = header(&first)?;
        let needed = std::iter::once(&header.root_key).chain(&header.wrapped_with);
        for fingerprint in needed {
            if !keys.has_root(fingerprint) {
                return Err(NotABackup::MissingRootKey(fingerprint.clone()));
            }
        }
        if header.token_salt != token_salt {
            return Err(NotABackup::WrongTokenSalt {
                needed: header.token_salt,
                given: token_salt,
            });
        }
        let mut mac = keys
            .backup_mac(&header.root_key)
            .map_err(|_| NotABackup::MissingRootKey(header.root_key.clone()))?;
        mac.update(&first);

        let mut counts = Counts::default();
        let end = loop {
            let text = next_line(&mut lines)?;
            match parse(&text)? {
                Line::Backup(_) => return Err(NotABackup::Altered("it begins twice")),
                Line::End(end) if end.to_text() == text => break end,
                Line::End(_) => return Err(NotABackup::Altered("its last line is another one")),
                line => {
                    mac.update(&text);
                    if let Some(part) = line.into_part() {
                        counts.count(&part);
                    }
                }
            }
        };
        mac.update(&counts.to_text());
        let End {
            counts: said,
            mac: expected,
        } = end;
        if said != counts || !mac.is(&expected) {
            return Err(NotABackup::Altered("its MAC is not the one of its lines"));
        }
        if !lines.fill_buf()?.is_empty() {
            return Err(NotABackup::Altered("it goes on behind its end"));
        }
        lines.seek(SeekFrom::Start(start))?;
        next_line(&mut lines)?;
        Ok(Self {
            lines,
            header,
            mac: expected,
            counts,
        })
    }

    /// What it is a backup of.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How much is in it.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Tells it from other backups.
    pub fn mac(&self) -> Digest {
        self.mac
    }
}

impl<R: BufRead> Parts for BackupReader<R> {
    type Error = NotABackup;

    async fn next(&mut self) -> Result<Option<Part>, NotABackup> {
        let text = next_line(&mut self.lines)?;
        Ok(parse(&text)?.into_part())
    }
}

/// The first line.
fn header(text: &[u8]) -> Result<Header, NotABackup> {
    // Of a later format, no more than this need be known.
    #[derive(serde::Deserialize)]
    struct Versioned {
        backup: Format,
    }
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    let versioned = serde_json::from_slice::<Versioned>(text).map_err(|_| NotABackup::Foreign)?;
    if versioned.backup.format > FORMAT {
        return Err(NotABackup::NewerFormat(versioned.backup.format));
    }
    match serde_json::from_slice(text) {
        Ok(Line::Backup(header)) => Ok(header),
        Ok(_) | Err(_) => Err(NotABackup::Foreign),
    }
}

/// The next line with its end.
fn next_line(lines: &mut impl BufRead) -> Result<Vec<u8>, NotABackup> {
    let mut text = Vec::new();
    lines.take(LONGEST_LINE).read_until(b'\n', &mut text)?;
    if text.ends_with(b"\n") {
        Ok(text)
    } else {
        Err(NotABackup::CutOff)
    }
}

fn parse(text: &[u8]) -> Result<Line<'_>, NotABackup> {
    serde_json::from_slice(text).map_err(|_| NotABackup::Altered("a line is none of a backup"))
}

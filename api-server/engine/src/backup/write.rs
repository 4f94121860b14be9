//! Writing a backup.

use std::io::{self, Write};

use ssm_domain::seal::{KeyRing, Mac};
use ssm_domain::time::Timestamp;

use super::format::{End, FORMAT};
use super::parts::{JournalParts, Parts as _, unreadable};
use super::{BackupError, Counts, Header, Line};
use crate::journal::Journal;
use crate::restore::refuse_unfinished;

/// Writes a backup of all that the journal holds, also while a server goes on writing it. Returns what it is a backup of.
pub async fn write(
    journal: &dyn Journal,
    keys: &KeyRing,
    now: Timestamp,
    out: &mut dyn Write,
) -> Result<(Header, Counts), BackupError> {
    refuse_unfinished(journal).await?;
    let (mut parts, state) = JournalParts::open(journal, keys).await?;
    let info = state.journal().ok_or(BackupError::Empty)?;
    let mac = keys
        .backup_mac(&info.root_key)
        .map_err(|_| BackupError::WrongRootKey(info.root_key.clone()))?;
    let wrapped_with = state.data_keys().map(|(_, key)| key.key.root_key.clone());
    let header = Header {
        format: FORMAT,
        created_at: now.max(state.head().at),
        epoch: info.epoch,
        head: *state.head(),
        root_key: info.root_key.clone(),
        wrapped_with: wrapped_with.collect(),
        token_salt: info.token_salt.clone(),
    };
    drop(state);

    let mut lines = Lines {
        out,
        mac,
        counts: Counts::default(),
    };
    lines.write(&Line::Backup(header.clone()))?;
    while let Some(part) = parts.next().await? {
        lines.counts.count(&part);
        lines.write(&Line::of(&part).ok_or_else(|| unreadable(&part))?)?;
    }
    let counts = lines.finish()?;
    Ok((header, counts))
}

/// Lines on their way out, taken into the MAC.
struct Lines<'a> {
    out: &'a mut dyn Write,
    mac: Mac,
    counts: Counts,
}

impl Lines<'_> {
    fn write(&mut self, line: &Line<'_>) -> io::Result<()> {
        let text = line.to_text();
        self.mac.update(&text);
        self.out.write_all(&text)
    }

    fn finish(mut self) -> io::Result<Counts> {
        let counts = self.counts;
        self.mac.update(&counts.to_text());
        let mac = self.mac.finish();
        self.out.write_all(&End { counts, mac }.to_text())?;
        Ok(counts)
    }
}

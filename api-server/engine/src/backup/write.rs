//! Writing a backup.

use std::collections::HashMap;
use std::io::{self, Write};

use ssm_domain::digest::Digest;
use ssm_domain::entry::{Entry, Head, Seq};
use ssm_domain::seal::{KeyRing, Mac};
use ssm_domain::time::Timestamp;

use super::format::{End, FORMAT, ValueLine};
use super::settle::settle;
use super::{BackupError, Counts, Header, Line};
use crate::error::OpenError;
use crate::journal::{Journal, ReadError};
use crate::replay::{values_of, verify_next};
use crate::signing::verify_end;

/// How many entries are in memory at a time.
const CHUNK: usize = 250;

/// Writes a backup of all that the journal holds, also while a server goes on writing it. Returns what it is a backup of.
pub async fn write(
    journal: &dyn Journal,
    keys: &KeyRing,
    now: Timestamp,
    out: &mut dyn Write,
) -> Result<(Header, Counts), BackupError> {
    if journal.unfinished_restore().await?.is_some() {
        return Err(OpenError::UnfinishedRestore.into());
    }
    let (state, records) = settle(journal).await?;
    let info = state.journal().ok_or(BackupError::Empty)?;
    let mac = keys
        .backup_mac(&info.root_key)
        .map_err(|_| BackupError::WrongRootKey(info.root_key.clone()))?;
    // What no server starts on is no backup.
    verify_end(journal, &state, keys).await?;
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
    for record in &records {
        let damaged = || unreadable(format!("the {} record {}", record.store.name(), record.id));
        lines.write(&Line::of_record(record).ok_or_else(damaged)?)?;
    }
    write_entries(journal, header.head.seq, &mut lines).await?;
    write_accesses(journal, &mut lines).await?;
    let counts = lines.finish()?;
    Ok((header, counts))
}

/// Writes the entries up to `last`, with their values in front of them and signatures behind.
async fn write_entries(
    journal: &dyn Journal,
    last: Seq,
    lines: &mut Lines<'_>,
) -> Result<(), BackupError> {
    let mut head = Head::EMPTY;
    while head.seq < last {
        let left = usize::try_from(last - head.seq).unwrap_or(CHUNK);
        let stored = journal.read(head.seq, left.min(CHUNK)).await?;
        let Some(end) = stored.last().map(|stored| stored.seq) else {
            return Err(unreadable(format!("entry {}", head.seq + 1)));
        };
        let mut entries = Vec::with_capacity(stored.len());
        for stored in &stored {
            let entry = verify_next(&head, stored).map_err(OpenError::from)?;
            head = entry.head(stored.hash);
            entries.push(entry);
        }
        write_values(journal, &entries, lines).await?;
        let mut signatures = journal
            .signatures(stored[0].seq, end)
            .await?
            .into_iter()
            .peekable();
        for stored in &stored {
            let damaged = || unreadable(format!("entry {}", stored.seq));
            lines.write(&Line::of_entry(stored).ok_or_else(damaged)?)?;
            while let Some(made) = signatures.next_if(|made| made.seq <= stored.seq) {
                lines.write(&Line::Signature(made))?;
            }
        }
    }
    Ok(())
}

async fn write_values(
    journal: &dyn Journal,
    entries: &[Entry],
    lines: &mut Lines<'_>,
) -> Result<(), BackupError> {
    let names = |entry: &Entry| values_of(entry).collect::<Vec<Digest>>();
    let named: HashMap<Digest, Seq> = entries
        .iter()
        .flat_map(|entry| names(entry).into_iter().map(|digest| (digest, entry.seq)))
        .collect();
    let mut digests: Vec<Digest> = named.keys().copied().collect();
    digests.sort_unstable_by_key(|digest| (named[digest], *digest.as_bytes()));
    let values = journal.values(&digests).await?;
    for digest in digests {
        let seq = named[&digest];
        let value = values
            .get(&digest)
            .filter(|sealed| Digest::of(sealed.as_bytes()) == digest)
            .ok_or(BackupError::MissingValue { seq, digest })?;
        lines.write(&Line::Value(ValueLine(value.clone())))?;
    }
    Ok(())
}

async fn write_accesses(journal: &dyn Journal, lines: &mut Lines<'_>) -> Result<(), BackupError> {
    let mut after = None;
    loop {
        let records = journal.read_access(after, CHUNK).await?;
        let Some(last) = records.last() else {
            return Ok(());
        };
        after = Some((last.server, last.seq));
        for stored in &records {
            let damaged = || unreadable(format!("access record {}/{}", stored.server, stored.seq));
            lines.write(&Line::of_access(stored).ok_or_else(damaged)?)?;
        }
    }
}

fn unreadable(what: String) -> BackupError {
    ReadError::Damaged(what + " cannot be read").into()
}

/// Lines on their way out, counted and taken into the MAC.
struct Lines<'a> {
    out: &'a mut dyn Write,
    mac: Mac,
    counts: Counts,
}

impl Lines<'_> {
    fn write(&mut self, line: &Line<'_>) -> io::Result<()> {
        let text = line.to_text();
        self.counts.count(line);
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

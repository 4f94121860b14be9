//! Random ways to change a database behind its server's back.

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rusqlite::Connection;
use rusqlite::types::Value;
use ssm_domain::digest::Digest;
use ssm_domain::entry::{Change, Entry, Head};
use ssm_domain::seal::RootKey;
use ssm_domain::signing::HeadSignature;
use ssm_engine::verify::Named;

use crate::accesses;
use crate::table::{RowChange, Rows, TABLES, Table, about, altered, blob, seq};

/// What was done, and by what names it may be found.
pub struct Tampered {
    pub what: String,
    pub names: Vec<Named>,
}

/// Tampers in some way with some of it.
pub fn tamper(db: &Connection, rng: &mut StdRng, checkpoint: u64) -> Tampered {
    loop {
        let done = match rng.random_range(0..13) {
            0 => edit_and_rehash(db, rng),
            1 => take_out_and_rehash(db, rng),
            2 => cut_off_cleanly(db, rng, checkpoint),
            3 => forge_everything(db, checkpoint),
            4..6 => accesses::tamper(db, rng),
            _ => change_a_table(db, rng),
        };
        if let Some(done) = done {
            return done;
        }
    }
}

/// Changes a table and nothing that belongs to it.
fn change_a_table(db: &Connection, rng: &mut StdRng) -> Option<Tampered> {
    let table = TABLES.choose(rng)?;
    let before = table.read(db);
    let mut rows = before.clone();
    let at = rng.random_range(0..rows.len());
    let other = rng.random_range(0..rows.len());
    let column = rng.random_range(0..table.changeable);
    let (kind, mut names) = match rng.random_range(0..4) {
        0 => {
            rows[at][column] = altered(&rows[at][column], rng);
            ("alter", (table.names)(&rows[at], column))
        }
        1 => {
            rows[at][column] = rows[other][column].clone();
            ("replace", (table.names)(&rows[at], column))
        }
        2 => {
            let theirs = rows[other][column].clone();
            rows[other][column] = std::mem::replace(&mut rows[at][column], theirs);
            let names = [at, other]
                .map(|row| [&rows[row], &before[row]].map(|row| (table.names)(row, column)));
            ("swap", names.into_iter().flatten().flatten().collect())
        }
        _ => change_rows(table, &mut rows, *table.rows.choose(rng)?, at, rng),
    };
    names.extend((table.names)(&before[at], column));
    let same = {
        let mut sorted = (rows.clone(), before.clone());
        let by_text = |row: &Vec<Value>| format!("{row:?}");
        sorted.0.sort_by_key(by_text);
        sorted.1.sort_by_key(by_text);
        sorted.0 == sorted.1
    };
    (!same && table.write(db, &rows)).then(|| Tampered {
        what: format!(
            "{kind} {}.{} of row {at} ({other})",
            table.name, table.columns[column]
        ),
        names,
    })
}

fn change_rows(
    table: &Table,
    rows: &mut Rows,
    change: RowChange,
    at: usize,
    rng: &mut StdRng,
) -> (&'static str, Vec<Named>) {
    match change {
        RowChange::Delete => {
            let gone = rows.remove(at);
            ("delete", (table.names)(&gone, 0))
        }
        RowChange::Truncate => {
            let gone = rows.split_off(at);
            let names = gone.iter().flat_map(|row| (table.names)(row, 0));
            ("truncate", names.collect())
        }
        RowChange::Insert => {
            let mut row = rows[at].clone();
            row[0] = match &row[0] {
                Value::Integer(_) => Value::Integer(i64::try_from(rows.len()).unwrap() + 1),
                value => altered(value, rng),
            };
            let names = (table.names)(&row, 0);
            rows.push(row);
            ("insert", names)
        }
    }
}

/// Edits an entry, and computes every hash anew from there on.
fn edit_and_rehash(db: &Connection, rng: &mut StdRng) -> Option<Tampered> {
    let mut rows = Table::named("journal").read(db);
    let at = rng.random_range(0..rows.len());
    let mut entries = entries(&rows);
    let entry = &mut entries[at];
    match rng.random_range(0..4) {
        0 => entry.actor.id = "mallory".into(),
        1 => entry.action = "projects.read".into(),
        2 => entry.at = entry.at.plus(std::time::Duration::from_millis(1)),
        _ => {
            entry.changes.pop()?;
        }
    }
    for later in &mut entries[at + 1..] {
        later.at = later.at.plus(std::time::Duration::from_millis(1));
    }
    rehash(&mut rows, entries);
    Table::named("journal").write(db, &rows).then(|| Tampered {
        what: format!("edit entry {} and compute every hash anew", at + 1),
        names: about(at as u64 + 1),
    })
}

/// Takes an entry out, and numbers and hashes those behind it anew.
fn take_out_and_rehash(db: &Connection, rng: &mut StdRng) -> Option<Tampered> {
    let mut rows = Table::named("journal").read(db);
    let at = rng.random_range(1..rows.len());
    rows.remove(at);
    let mut entries = entries(&rows);
    for (seq, entry) in (1..).zip(&mut entries) {
        entry.seq = seq;
    }
    rehash(&mut rows, entries);
    Table::named("journal").write(db, &rows).then(|| Tampered {
        what: format!("take out entry {} and compute every hash anew", at + 1),
        names: about(at as u64 + 1),
    })
}

/// Cuts off the end with all that is about it, so that only what is kept elsewhere can tell.
fn cut_off_cleanly(db: &Connection, rng: &mut StdRng, checkpoint: u64) -> Option<Tampered> {
    let last = rng.random_range(1..checkpoint);
    for table in ["journal", "signatures", "touched"] {
        let table = Table::named(table);
        let mut rows = table.read(db);
        rows.retain(|row| seq(row, 0) <= last);
        table.write(db, &rows).then_some(())?;
    }
    Some(Tampered {
        what: format!("cut off everything behind entry {last}"),
        names: vec![Named::Checkpoint(checkpoint)],
    })
}

/// Writes the same journal as somebody with a root key of their own.
fn forge_everything(db: &Connection, checkpoint: u64) -> Option<Tampered> {
    let signer = RootKey::parse("c29tZWJvZHkgZWxzZSdzIHJvb3Qga2V5IGlzIHRoaXM=")
        .ok()?
        .signer();
    let mut rows = Table::named("journal").read(db);
    let mut entries = entries(&rows);
    let Some(Change::JournalStarted {
        epoch, signing_key, ..
    }) = entries[0].changes.first_mut()
    else {
        panic!("the journal begins");
    };
    *signing_key = signer.public_key();
    let epoch = *epoch;
    let heads = rehash(&mut rows, entries);
    Table::named("journal").write(db, &rows).then_some(())?;

    let signatures = heads.iter().map(|head| {
        let made = HeadSignature::new(&signer, epoch, head.seq - 1, head);
        vec![
            Value::Integer(head.seq.cast_signed()),
            Value::Blob(made.public_key.as_bytes().to_vec()),
            Value::Integer(made.previous.cast_signed()),
            Value::Blob(made.signature.as_bytes().to_vec()),
        ]
    });
    Table::named("signatures")
        .write(db, &signatures.collect())
        .then_some(())?;
    // Snapshots and a checkpoint are of the true history.
    let snapshots = Table::named("snapshots").read(db);
    let mut names = vec![Named::Journal, Named::Checkpoint(checkpoint)];
    names.extend(snapshots.iter().map(|row| Named::Snapshot(seq(row, 0))));
    Some(Tampered {
        what: "forge everything with another root key".into(),
        names,
    })
}

fn entries(rows: &Rows) -> Vec<Entry> {
    let entry = |row: &Vec<Value>| serde_json::from_slice(blob(&row[2])).unwrap();
    rows.iter().map(entry).collect()
}

/// Chains entries anew, and puts them into their rows. Returns the heads that they make.
fn rehash(rows: &mut Rows, entries: Vec<Entry>) -> Vec<Head> {
    let mut head = Head::EMPTY;
    let chained = rows.iter_mut().zip(entries).map(|(row, mut entry)| {
        entry.prev_hash = head.hash;
        let bytes = entry.canonical_bytes();
        head = entry.head(Digest::of(&bytes));
        row[0] = Value::Integer(head.seq.cast_signed());
        row[1] = Value::Blob(head.hash.as_bytes().to_vec());
        row[2] = Value::Blob(bytes);
        head
    });
    chained.collect()
}

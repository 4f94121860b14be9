//! Durable writes, against a bare database on the same disk.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rusqlite::Connection;
use serde_json::json;
use ssm_tests::Scratch;
use ssm_tests::caller::{Caller, Shop};

use crate::http::{busy, request, side_by_side};
use crate::report::{line, median, millis, percentile};

/// How many change keys at once.
pub const WRITERS: usize = 32;
/// How long bare writes are measured.
const FOR: Duration = Duration::from_secs(2);
/// About what one change of one secret takes in the journal, in bytes.
const ENTRY: usize = 700;
const IMPORTED: usize = 1_000;
/// What an imported key takes: its part of the entry, and its sealed value.
const PART: usize = 160;
const SEALED: usize = 110;
const IMPORTS: u32 = 9;

pub async fn measure(owner: &Caller, port: u16) -> Result<()> {
    let (shop, scratch) = (owner.shop().await, Scratch::new("bare")?);
    let database = Connection::open(scratch.path().join("bare.db"))?;
    database.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    database.pragma_update(None, "synchronous", "full")?;
    database.execute_batch(
        "CREATE TABLE entries (seq INTEGER PRIMARY KEY, bytes BLOB) STRICT;
         CREATE TABLE vals (digest BLOB PRIMARY KEY, bytes BLOB) STRICT, WITHOUT ROWID;",
    )?;
    changes(owner, port, &shop, &database).await?;
    import(owner, &shop, &database).await
}

/// Changes one key for each writer, again and again. Returns how many a second, and how long each took.
pub async fn change(owner: &Caller, port: u16, shop: &Shop) -> Result<(f64, Vec<Duration>)> {
    let write = |worker: usize, count: u64| {
        let path = shop.secret("base", &format!("KEY_{worker}"));
        let body = format!("{{\"value\":\"{count}\"}}");
        request("PUT", &path, owner.token(), "", &body)
    };
    let (begin, written) = (Instant::now(), busy(port, WRITERS, &write).await?);
    Ok((per_second(written.len(), begin), written))
}

async fn changes(owner: &Caller, port: u16, shop: &Shop, database: &Connection) -> Result<()> {
    let mut took = Vec::new();
    let (measured, reference) = side_by_side(
        async || {
            let (rate, written) = change(owner, port, shop).await?;
            took.extend(written);
            Ok(rate)
        },
        async || bare_changes(database),
    )
    .await?;
    let what = format!("durable writes, {WRITERS} writers : bare inserts, one by one");
    line(&what, "/s", measured, reference);
    let p99 = millis(percentile(&took, 0.99));
    line(
        "the same, p99 : a bare insert",
        "ms",
        p99,
        1000.0 / reference,
    );
    Ok(())
}

fn bare_changes(database: &Connection) -> Result<f64> {
    let (begin, mut count) = (Instant::now(), 0);
    let mut insert = database.prepare("INSERT INTO entries (bytes) VALUES (?1)")?;
    while begin.elapsed() < FOR {
        insert.execute([vec![7_u8; ENTRY]])?;
        count += 1;
    }
    Ok(per_second(count, begin))
}

async fn import(owner: &Caller, shop: &Shop, database: &Connection) -> Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..IMPORTS {
        let lines: Vec<_> = (0..IMPORTED)
            .map(|n| format!("IMPORTED_{n}=value-{round}-{n}\n"))
            .collect();
        let file = lines.concat();
        let before = seq(owner).await;
        let path = format!("{}/import", shop.secrets("prod"));
        let begin = Instant::now();
        owner.raw("POST", &path, "text/plain", file).await.ok();
        ours.push(millis(begin.elapsed()));
        ensure!(seq(owner).await == before + 1, "an import is one entry");
        theirs.push(bare_import(database, round)?);
    }
    let what = format!("import of {IMPORTED} keys : a bare transaction of as many rows");
    line(&what, "ms", median(ours), median(theirs));
    Ok(())
}

fn bare_import(database: &Connection, round: u32) -> Result<f64> {
    let begin = Instant::now();
    let transaction = database.unchecked_transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO vals VALUES (?1, ?2)")?;
        for n in 0..IMPORTED {
            let digest = format!("{round:016x}{n:016x}").into_bytes();
            insert.execute((digest, vec![7_u8; SEALED]))?;
        }
    }
    transaction.execute(
        "INSERT INTO entries (bytes) VALUES (?1)",
        [vec![7_u8; ENTRY + IMPORTED * PART]],
    )?;
    transaction.commit()?;
    Ok(millis(begin.elapsed()))
}

/// The journal's last position.
pub async fn seq(owner: &Caller) -> u64 {
    let ready = owner.get("/readyz").await.ok();
    ready["journal"]["seq"].as_u64().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn per_second(count: usize, since: Instant) -> f64 {
    count as f64 / since.elapsed().as_secs_f64()
}

/// A change of so many keys, as JSON.
pub fn many(keys: usize, value: &str) -> serde_json::Value {
    let set: serde_json::Map<_, _> = (0..keys)
        .map(|n| (format!("KEY_{n:05}"), json!(format!("{value}-{n}"))))
        .collect();
    json!({"set": set})
}

//! Ad hoc.
use ssm_engine::contract::chain::*;
use ssm_engine::journal::*;
use ssm_journal_sqlite::SqliteJournal;
use std::sync::Arc;
use std::time::Instant;
fn batch(chain: &mut Chain, n: u64, from: u64) -> Arc<Batch> {
    let mut b = Batch::default();
    for i in 0..n {
        let (s, c) = value(from + i, 90);
        b.values.push(s);
        b.entries
            .push(chain.about(target(Some("web"), Some("prod")), vec![c]));
    }
    Arc::new(b)
}
#[tokio::main]
async fn main() {
    let base = std::env::args().nth(1).unwrap();
    for round in 0..8 {
        let dir = tempfile::tempdir_in(&base).unwrap();
        // bare
        let c = rusqlite::Connection::open(dir.path().join("bare.db")).unwrap();
        c.execute_batch("PRAGMA journal_mode=wal; PRAGMA synchronous=full; CREATE TABLE j (seq INTEGER PRIMARY KEY, hash BLOB, entry BLOB) STRICT").unwrap();
        let mut chain = Chain::default();
        let b = batch(&mut chain, 4000, 0);
        let t = Instant::now();
        for e in &b.entries {
            c.prepare_cached("INSERT INTO j VALUES (?1,?2,?3)")
                .unwrap()
                .execute(rusqlite::params![
                    e.stored.seq as i64,
                    e.stored.hash.as_bytes(),
                    e.stored.bytes
                ])
                .unwrap();
        }
        let bare = 4000.0 / t.elapsed().as_secs_f64();
        let j = SqliteJournal::open(&dir.path().join("d")).unwrap();
        let mut chain = Chain::default();
        let bs: Vec<_> = (0..1000).map(|i| batch(&mut chain, 32, i * 32)).collect();
        let t = Instant::now();
        let mut worst = 0.0f64;
        for b in bs {
            let s = Instant::now();
            j.append(b).await.unwrap();
            worst = worst.max(s.elapsed().as_secs_f64());
        }
        let grouped = 32000.0 / t.elapsed().as_secs_f64();
        let bs: Vec<_> = (0..2000)
            .map(|i| batch(&mut chain, 1, 100000 + i))
            .collect();
        let t = Instant::now();
        for b in bs {
            j.append(b).await.unwrap();
        }
        let single = 2000.0 / t.elapsed().as_secs_f64();
        println!(
            "round {round}: bare {bare:.0}/s, append x32 {grouped:.0}/s ({:.1}x, worst {:.1} ms), append x1 {single:.0}/s",
            grouped / bare,
            worst * 1e3
        );
        if round == 7 {
            let mut chain = Chain::of(&everything(&j).await);
            let n = 600_000u64;
            let t = Instant::now();
            for i in 0..n / 1000 {
                j.append(batch(&mut chain, 1000, 1_000_000 + i * 1000))
                    .await
                    .unwrap();
            }
            println!("filled {n} in {:?}", t.elapsed());
            let bs: Vec<_> = (0..500)
                .map(|i| batch(&mut chain, 32, 5_000_000 + i * 32))
                .collect();
            let t = Instant::now();
            for b in bs {
                j.append(b).await.unwrap();
            }
            println!(
                "full table append x32 {:.0}/s",
                16000.0 / t.elapsed().as_secs_f64()
            );
            drop(j);
            let t = Instant::now();
            let j = SqliteJournal::open(&dir.path().join("d")).unwrap();
            println!("open {:?}", t.elapsed());
            for f in [
                target(None, None),
                target(Some("web"), None),
                target(None, Some("prod")),
                target(Some("web"), Some("prod")),
                target(Some("no"), Some("prod")),
            ] {
                let f = Filter {
                    project: f.project,
                    config: f.config,
                };
                let t = Instant::now();
                let n = j.search(&f, Some(300_000), 100).await.unwrap().len();
                println!("search {f:?} {n} {:?}", t.elapsed());
            }
            let t = Instant::now();
            let mut at = 0;
            loop {
                let p = j.read(at, 1000).await.unwrap();
                let Some(l) = p.last() else { break };
                at = l.seq;
            }
            println!("read all {at} {:?}", t.elapsed());
            println!(
                "size {}",
                std::fs::metadata(dir.path().join("d/ssm.db"))
                    .unwrap()
                    .len()
            );
        }
    }
}

//! kill -9 under load: what was acknowledged is there, whatever happened around it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use ssm_tests::{Server, ServerOptions};

use ssm_tests::caller::{Caller, Shop, own_server};

const ROUNDS: usize = 100;
const WRITERS: usize = 4;

/// What a writer knows of its key, outside of the server.
#[derive(Clone, Copy, Default)]
struct Ledger {
    acknowledged: u64,
    attempted: u64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_survives_a_hundred_kills() {
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    let shop = Arc::new(owner.shop().await);
    let mut ledgers = [Ledger::default(); WRITERS];
    for round in 0..ROUNDS {
        // Kills land at ever other moments of the writers' work: after 0 to 28 acknowledged writes.
        write_until_killed(&mut server, &owner, &shop, &mut ledgers, round * 7 % 29).await;
        server.restart().await.unwrap();
        check(&owner, &shop, &ledgers, round).await;
    }
    assert!(ledgers.iter().all(|ledger| ledger.acknowledged > 0));
}

async fn write_until_killed(
    server: &mut Server,
    owner: &Caller,
    shop: &Arc<Shop>,
    ledgers: &mut [Ledger; WRITERS],
    kill_after: usize,
) {
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = ledgers
        .iter()
        .enumerate()
        .map(|(writer, ledger)| {
            tokio::spawn(write(
                owner.clone(),
                shop.clone(),
                writer,
                *ledger,
                acknowledged.clone(),
            ))
        })
        .collect();
    while acknowledged.load(Ordering::Relaxed) < kill_after {
        tokio::task::yield_now().await;
    }
    server.kill_now().unwrap();
    for (ledger, writer) in ledgers.iter_mut().zip(writers) {
        *ledger = writer.await.unwrap();
    }
}

/// Counts its key up until the server does not answer any more.
async fn write(
    owner: Caller,
    shop: Arc<Shop>,
    writer: usize,
    mut ledger: Ledger,
    acknowledged: Arc<AtomicUsize>,
) -> Ledger {
    let path = shop.secret("base", &format!("KEY_{writer}"));
    loop {
        ledger.attempted += 1;
        let request = owner
            .request("PUT", &path)
            .json(&json!({"value": ledger.attempted.to_string()}));
        let Ok(response) = request.send().await else {
            return ledger;
        };
        if !response.status().is_success() || response.bytes().await.is_err() {
            return ledger;
        }
        ledger.acknowledged = ledger.attempted;
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}

async fn check(owner: &Caller, shop: &Shop, ledgers: &[Ledger], round: usize) {
    let secrets = owner.get(&shop.secrets("prod")).await.ok();
    let stored: BTreeMap<String, String> = serde_json::from_value(secrets["data"].clone()).unwrap();
    for (writer, ledger) in ledgers.iter().enumerate() {
        let value: u64 = stored
            .get(&format!("KEY_{writer}"))
            .map_or(0, |value| value.parse().unwrap());
        let possible = ledger.acknowledged..=ledger.attempted;
        assert!(
            possible.contains(&value),
            "round {round}: {value} is not in {possible:?}"
        );
    }
    let verified = owner.get("/api/audit/verify").await.ok();
    assert_eq!(verified["ok"], true, "round {round}: {verified}");
    assert_eq!(
        verified["entries"], verified["head"]["seq"],
        "round {round}"
    );
}

//! kill -9 of the server under load.

use ssm_tests::caller::own_server;

use super::{Load, Store, on_both_databases, rounds, verify};

on_both_databases!(every_acknowledged_write_survives_a_hundred_kills);

async fn every_acknowledged_write_survives_a_hundred_kills(store: Store) {
    let (mut server, owner) = own_server(store.options.clone()).await;
    let shop = owner.shop().await;
    let mut load = Load::new(&owner, &shop);
    let rounds = rounds();
    for round in 1..=rounds {
        let when = format!("round {round}");
        // Kills land at ever other moments of the writers' work: after 0 to 28 acknowledged writes.
        let running = load.run(round * 7 % 29).await;
        server.kill_now().unwrap();
        load = running.end().await;
        server.restart().await.unwrap();
        load.check(&owner, &shop, &when).await;
        if round % 10 == 0 || round == rounds {
            verify(&owner, &when).await;
            // Stopped well it takes a snapshot, with which the next ones begin.
            server.restart().await.unwrap();
            load.check(&owner, &shop, &when).await;
        }
    }
}

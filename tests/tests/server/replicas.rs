//! Several servers on one MongoDB.

use std::time::Duration;

use anyhow::ensure;
use futures::future::join_all;
use serde_json::json;
use ssm_tests::caller::{Caller, bootstrap_as};
use ssm_tests::{Place, Server, ServerOptions, canary, eventually};

const PATIENCE: Duration = Duration::from_mins(1);

/// Two servers on it.
async fn servers(place: &Place) -> (Server, Server) {
    let (one, other) = tokio::join!(place.server(), place.server());
    (one.unwrap(), other.unwrap())
}

/// The same caller at another server.
fn at(server: &Server, caller: &Caller) -> Caller {
    Caller::nobody(&server.url()).with(caller.token())
}

/// Waits until a secret has this value at a server.
async fn has(caller: &Caller, path: &str, value: &str) {
    eventually(PATIENCE, "the value is there", async || {
        let answer = caller.get(path).await;
        ensure!(answer.status == 200, "{}", answer.status);
        ensure!(answer.json()["value"] == value, "another value");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_at_one_server_counts_at_the_other() {
    let place = Place::new().await.unwrap();
    let (one, other) = servers(&place).await;
    let owner = bootstrap_as(&Caller::nobody(&one.url())).await;
    // Known at once, though it was made elsewhere.
    let there = at(&other, &owner);
    there.get("/api/me").await.ok();

    let shop = owner.shop().await;
    let path = shop.secret("prod", "A");
    let value = canary::value("replica");
    owner.put(&path, json!({"value": value})).await.ok();
    has(&there, &path, &value).await;
    let written = there.put(&path, json!({"value": "2"})).await.ok();
    let newer = format!(
        "{}?minRevision={}",
        shop.secrets("prod"),
        written["revision"]
    );
    eventually(PATIENCE, "what was written elsewhere", async || {
        let answer = owner.get(&newer).await;
        ensure!(answer.status == 200, "{}", answer.text);
        assert_eq!(answer.json()["data"]["A"], "2");
        Ok(())
    })
    .await
    .unwrap();

    let reads = json!({"project": shop.slug, "actions": ["secrets:read"]});
    let ci = owner.service(reads).await;
    let ci_there = at(&other, &ci);
    ci_there.get(&path).await.ok();
    let dead = json!({"token": ci.token()});
    owner.post("/api/auth/tokens/v2/revoke", dead).await.ok();
    eventually(PATIENCE, "the token is dead", async || {
        let status = ci_there.get(&path).await.status;
        ensure!(status == 401, "{status}");
        Ok(())
    })
    .await
    .unwrap();

    let verified = place.command(&["audit", "verify"]).end().await.unwrap();
    assert!(verified.ok().contains("all is as it was written"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_made_at_one_server_is_found_at_the_other_at_once() {
    let place = Place::new().await.unwrap();
    let (one, other) = servers(&place).await;
    let owner = bootstrap_as(&Caller::nobody(&one.url())).await;
    let there = at(&other, &owner);
    for round in 0..10 {
        let project = json!({"slug": format!("p{round}")});
        owner.post("/api/projects", project).await.ok();
        let configs = format!("/api/projects/p{round}/configs");
        there.post(&configs, json!({"slug": "base"})).await.ok();
        let secret = format!("{configs}/base/secrets/A");
        owner.put(&secret, json!({"value": "1"})).await.ok();
        assert_eq!(there.get(&secret).await.ok()["value"], "1");
        owner.delete(&secret).await.ok();
        there.delete(&secret).await.refused(404, "secret_not_found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_user_is_made_once_also_by_two_servers() {
    let place = Place::new().await.unwrap();
    let (one, other) = servers(&place).await;
    let attempts = (0..6).map(|n| {
        let nobody = Caller::nobody(&if n % 2 == 0 { one.url() } else { other.url() });
        let body = json!({"username": format!("first-{n}"), "password": canary::password()});
        async move { nobody.post("/api/onboarding/bootstrap", body).await.status }
    });
    let statuses = join_all(attempts).await;
    let made = statuses.iter().filter(|status| **status == 201).count();
    let late = statuses.iter().filter(|status| **status == 409).count();
    assert_eq!((made, late), (1, 5), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_fail_and_reads_go_on_while_the_database_is_away_and_nothing_is_lost() {
    let mut place = Place::new().await.unwrap();
    let server = place.server().await.unwrap();
    let owner = bootstrap_as(&Caller::nobody(&server.url())).await;
    let shop = owner.shop().await;
    let path = shop.secret("prod", "A");
    for round in 1..=3 {
        let value = json!({"value": round.to_string()});
        owner.put(&path, value).await.ok();
        place.mongo.kill_now().unwrap();
        let refused = owner.put(&path, json!({"value": "lost"})).await;
        refused.refused(503, "unavailable");
        assert!(!refused.header("retry-after").is_empty());
        assert_eq!(owner.get(&path).await.ok()["value"], round.to_string());

        place.mongo.restart().await.unwrap();
        eventually(PATIENCE, "it can be written again", async || {
            let status = owner.put(&path, json!({"value": "again"})).await.status;
            ensure!(status == 200, "{status}");
            Ok(())
        })
        .await
        .unwrap();
    }
    eventually(PATIENCE, "all to be well", async || {
        let ready = owner.get("/readyz").await.ok();
        ensure!(ready["status"] == "OK", "{ready}");
        Ok(())
    })
    .await
    .unwrap();
    let verified = place.command(&["audit", "verify"]).end().await.unwrap();
    assert!(verified.ok().contains("all is as it was written"));
}

#[tokio::test]
async fn keys_are_not_made_beside_a_mongodb() {
    let place = Place::new().await.unwrap();
    let mut options = ServerOptions::default();
    for (name, value) in &place.settings {
        if *name != "TOKEN_SALT" {
            options = options.env(name, value);
        }
    }
    let refusal = Server::start_expecting_failure(options).await.unwrap();
    assert!(
        refusal.log.contains("TOKEN_SALT is not set"),
        "{}",
        refusal.log
    );
}

//! Requests that come again under their `Idempotency-Key`, over HTTP.

use std::time::Duration;

use serde_json::{Value, json};
use ssm_tests::caller::{Answer, Caller, bootstrap, fresh, own_server, owner};
use ssm_tests::{Scratch, Server, ServerOptions, eventually};

const DEADLINE: Duration = Duration::from_secs(30);

/// Sends a change under a key.
async fn once(caller: &Caller, key: &str, method: &str, path: &str, body: &Value) -> Answer {
    let request = caller.request(method, path).header("idempotency-key", key);
    Caller::send(request.json(body)).await
}

/// The same, again for as long as the first is on its way.
async fn until_answered(caller: &Caller, key: &str, path: &str, body: &Value) -> Answer {
    let answered = eventually(DEADLINE, "the first to be answered", async || {
        let answer = once(caller, key, "POST", path, body).await;
        if answer.status == 409 && answer.json()["code"] == "idempotency_in_progress" {
            assert_eq!(answer.header("retry-after"), "1");
            anyhow::bail!("it is on its way");
        }
        Ok(answer)
    });
    answered.await.unwrap()
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

async fn seq(caller: &Caller) -> Value {
    caller.get("/readyz").await.ok()["journal"]["seq"].clone()
}

#[tokio::test]
async fn a_retry_gets_the_first_answer_again() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let key = fresh("key");
    let secret = shop.secret("base", "A");
    let first = once(&owner, &key, "PUT", &secret, &json!({"value": "1"})).await;
    first.ok();
    owner.put(&secret, json!({"value": "2"})).await.ok();
    let again = once(&owner, &key, "PUT", &secret, &json!({"value": "1"})).await;
    assert!(!is_replayed(&first) && is_replayed(&again));
    for name in ["etag", "content-type"] {
        assert_eq!(first.header(name), again.header(name));
    }
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    assert_eq!(
        owner.get(&secret).await.ok()["value"],
        "2",
        "it is not done again"
    );

    let made = once(&owner, &key, "POST", &shop.configs, &json!({"slug": "new"})).await;
    let again = once(&owner, &key, "POST", &shop.configs, &json!({"slug": "new"})).await;
    assert_eq!((made.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!(made.text, again.text);
    let path = format!("{}/new", shop.configs);
    let deleted = once(&owner, &key, "DELETE", &path, &json!(null)).await;
    let again = once(&owner, &key, "DELETE", &path, &json!(null)).await;
    assert_eq!((deleted.status.as_u16(), again.status.as_u16()), (200, 200));
}

#[tokio::test]
async fn what_changed_nothing_is_answered_again_too_and_a_refusal_is_not() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let (key, secret) = (fresh("key"), shop.secret("base", "A"));
    owner.put(&secret, json!({"value": "1"})).await.ok();
    let same = once(&owner, &key, "PUT", &secret, &json!({"value": "1"})).await;
    let again = once(&owner, &key, "PUT", &secret, &json!({"value": "1"})).await;
    assert!(!is_replayed(&same) && is_replayed(&again));
    assert_eq!(same.text, again.text);

    let (key, path) = (fresh("key"), shop.secret("later", "A"));
    once(&owner, &key, "PUT", &path, &json!({"value": "1"}))
        .await
        .refused(404, "config_not_found");
    owner
        .post(&shop.configs, json!({"slug": "later"}))
        .await
        .ok();
    once(&owner, &key, "PUT", &path, &json!({"value": "1"}))
        .await
        .ok();
    once(&owner, &key, "PUT", &path, &json!({"value": "2"}))
        .await
        .refused(409, "idempotency_key_reused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_at_once_are_one_change_and_one_answer() {
    let owner = owner().await;
    let slug = fresh("parallel");
    let before = seq(&owner).await;
    let body = json!({"slug": slug});
    let attempts = (0..20).map(|_| until_answered(&owner, &slug, "/api/projects", &body));
    let answers = futures::future::join_all(attempts).await;
    let first = answers.iter().filter(|answer| !is_replayed(answer)).count();
    assert_eq!(first, 1);
    for answer in &answers {
        assert_eq!(
            (answer.status.as_u16(), &answer.text),
            (201, &answers[0].text)
        );
    }
    let events = owner
        .get(&format!("/api/audit/events?project={slug}"))
        .await
        .ok();
    let events = events["events"].as_array().unwrap();
    assert_eq!(events.len(), 1);
    assert!(events[0]["seq"].as_u64() > before.as_u64());
}

#[tokio::test]
async fn a_token_is_never_shown_again() {
    let owner = owner().await;
    let key = fresh("key");
    let body = json!({"service_name": "ci", "actions": ["projects:read"]});
    let path = "/api/auth/tokens/v2/service";
    let issued = once(&owner, &key, "POST", path, &body).await.ok();
    let again = once(&owner, &key, "POST", path, &body).await;
    let told = again.refused(409, "token_already_issued").json();
    assert_eq!(told["token_id"], issued["token_id"]);
    assert!(!again.text.contains(issued["token"].as_str().unwrap()));
    let other = json!({"service_name": "ci", "actions": ["projects:write"]});
    once(&owner, &key, "POST", path, &other)
        .await
        .refused(409, "idempotency_key_reused");
}

#[tokio::test]
async fn the_first_sign_up_can_be_tried_again_without_a_second_user() {
    let server = Server::start(ServerOptions::default()).await.unwrap();
    let nobody = Caller::nobody(&server.url());
    let body = json!({"username": "owner", "password": ssm_tests::canary::password()});
    let path = "/api/onboarding/bootstrap";
    let made = once(&nobody, "k", "POST", path, &body).await;
    assert_eq!(made.status, 201);
    let again = once(&nobody, "k", "POST", path, &body).await;
    let told = again.refused(409, "token_already_issued").json();
    let owner = nobody.with(made.json()["token"].as_str().unwrap());
    let own = owner.get("/api/auth/tokens/self").await.ok();
    assert_eq!(told["token_id"], own["token_id"]);
}

#[tokio::test]
async fn answers_are_there_after_a_restart() {
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    let body = json!({"slug": "web"});
    let first = once(&owner, "k", "POST", "/api/projects", &body).await;
    assert_eq!(first.status, 201);
    server.restart().await.unwrap();
    let again = once(&owner, "k", "POST", "/api/projects", &body).await;
    assert!(is_replayed(&again));
    assert_eq!((again.status, &again.text), (first.status, &first.text));
}

#[tokio::test]
async fn what_was_written_right_before_a_crash_is_not_written_again() {
    let dir = Scratch::new("idempotency").unwrap();
    let options = || ServerOptions::default().data_dir(dir.path());
    let mut server = Server::start(options()).await.unwrap();
    let token = bootstrap(&server).await.token().to_owned();
    let owner = Caller::nobody(&server.url()).with(&token);
    let shop = owner.shop().await;
    let secret = shop.secret("base", "A");
    server.stop().await.unwrap();

    let options_crashing = options().env("SSM_TEST_CRASH_AT", "append:after-commit");
    let mut server = Server::start(options_crashing).await.unwrap();
    let owner = Caller::nobody(&server.url()).with(&token);
    let request = owner.request("PUT", &secret).header("idempotency-key", "k");
    let body = json!({"value": "1"});
    request.json(&body).send().await.unwrap_err();
    server.process().wait(DEADLINE).await.unwrap();

    let server = Server::start(options()).await.unwrap();
    let owner = Caller::nobody(&server.url()).with(&token);
    let before = seq(&owner).await;
    let again = once(&owner, "k", "PUT", &secret, &body).await;
    let told = again.refused(409, "already_done").json();
    let config = owner.get(&format!("{}/base", shop.configs)).await.ok();
    assert_eq!(told["seq"], before);
    assert_eq!(told["revision"], config["config"]["revision"]);
    assert_eq!(owner.get(&secret).await.ok()["value"], "1");
    let versions = owner.get(&format!("{secret}/versions")).await.ok();
    assert_eq!(versions["versions"].as_array().unwrap().len(), 1);
    once(&owner, "k", "PUT", &secret, &json!({"value": "2"}))
        .await
        .refused(409, "idempotency_key_reused");
}

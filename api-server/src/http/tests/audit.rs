use std::sync::Arc;

use futures::future::join_all;
use serde_json::json;
use ssm_domain::access_record::{Access, AccessRecord};
use ssm_domain::entry::ActorKind;
use ssm_engine::access::{AccessOptions, AccessStore as _, AuditReads};
use ssm_engine::memory::MemoryJournal;
use tempfile::TempDir;

use super::{Answer, Caller};

const SECRET: &str = "/api/projects/web/configs/base/secrets/A";
const ALL: &str = "/api/projects/web/configs/base/secrets";

/// The owner of a server over a journal in memory, with a secret in `web/base`.
async fn owner(reads: AuditReads) -> (Caller, Arc<MemoryJournal>) {
    let journal = Arc::new(MemoryJournal::default());
    let options = AccessOptions {
        reads,
        ..AccessOptions::default()
    };
    let nobody = Caller::over_with(journal.clone(), TempDir::new().unwrap(), options).await;
    let owner = nobody.made_owner().await.with_configs().await;
    let value = r#"{"value":"CANARY"}"#;
    owner.json("PUT", SECRET, value).await.is(200);
    (owner, journal)
}

/// What is on record, in order of action.
async fn recorded(owner: &Caller, journal: &MemoryJournal) -> Vec<Access> {
    owner.app.engine.shut_down().await;
    let stored = journal.read_access(None, usize::MAX).await.unwrap();
    let mut accesses: Vec<_> = stored
        .into_iter()
        .map(|stored| {
            assert!(!stored.bytes.windows(6).any(|bytes| bytes == b"CANARY"));
            AccessRecord::verify(&stored.bytes, stored.hash)
                .unwrap()
                .access
        })
        .collect();
    accesses.sort_by(|a, b| a.action.cmp(&b.action));
    accesses
}

#[tokio::test]
async fn where_every_read_is_recorded_one_that_cannot_be_is_not_answered() {
    let (owner, journal) = owner(AuditReads::Every).await;
    journal.refuse_beside(true);
    for path in [
        SECRET,
        ALL,
        "/api/projects/web/configs/base/secrets?format=env",
    ] {
        let refused = owner.get(path).await;
        refused.refused(503, "audit_unavailable");
        assert!(!refused.text.contains("CANARY"));
        assert_eq!(refused.headers["retry-after"], "1");
    }
    // Nothing is given out here, so there is nothing to record.
    owner
        .get("/api/projects/web/configs/base/secrets?values=false")
        .await
        .is(200);
    owner.json("PUT", SECRET, r#"{"value":"2"}"#).await.is(200);
    let ready = owner.get("/readyz").await.is(200).json();
    assert_eq!(ready["status"], "degraded");
    assert_eq!(
        (&ready["audit"]["changes"], &ready["audit"]["reads"]),
        (&"ready".into(), &"writes_fail".into())
    );

    journal.refuse_beside(false);
    assert_eq!(owner.get(SECRET).await.is(200).json()["value"], "2");
    assert_eq!(owner.get("/readyz").await.json()["status"], "OK");
    let accesses = recorded(&owner, &journal).await;
    assert_eq!(accesses.len(), 1);
}

#[tokio::test]
async fn what_is_read_goes_on_record_with_who_what_and_how() {
    let (owner, journal) = owner(AuditReads::Every).await;
    let etag = owner.get(SECRET).await.is(200).headers["etag"].clone();
    owner.get(ALL).await.is(200);
    let request = axum::extract::Request::get(SECRET).header("if-none-match", etag);
    owner.send(request, axum::body::Body::empty()).await.is(304);
    owner.get("/api/projects/web/configs/base").await.is(200);

    let accesses = recorded(&owner, &journal).await;
    let actions: Vec<_> = accesses
        .iter()
        .map(|access| access.action.as_str())
        .collect();
    assert_eq!(actions, ["secrets.export", "secrets.read"]);
    let read = &accesses[1];
    assert_eq!(
        (read.actor.id.as_str(), read.actor.token_id.is_some()),
        ("owner", true)
    );
    let target = &read.target;
    let names = [target.project.as_ref(), target.config.as_ref()];
    assert_eq!(names.map(|name| name.unwrap().as_str()), ["web", "base"]);
    assert_eq!(
        (target.key.as_ref().unwrap().as_str(), read.status),
        ("A", 200)
    );
    assert_eq!(read.request.as_ref().unwrap().path, SECRET);
    assert!(read.latency_ms.is_some());
}

#[tokio::test]
async fn configs_side_by_side_go_on_record_where_values_are_given() {
    let (owner, journal) = owner(AuditReads::Every).await;
    let set = async |config: &str, body: &str| {
        let path = format!("/api/projects/web/configs/{config}/secrets/B");
        owner.json("PUT", &path, body).await.is(200);
    };
    set("base", r#"{"value":"b"}"#).await;
    set("prod", r#"{"value":"${web.base.A}"}"#).await;
    for path in [
        "/api/projects/web/compare",
        "/api/projects/web/compare?values=true&cursor=Z",
        "/api/projects/web/compare/secrets/NOWHERE",
        "/api/projects/web/compare?values=true",
        "/api/projects/web/compare/secrets/B",
    ] {
        owner.get(path).await.is(200);
    }

    let mut told: Vec<_> = recorded(&owner, &journal)
        .await
        .into_iter()
        .map(|access| {
            let target = access.target;
            assert_eq!(
                (&*access.action, target.project.as_ref().unwrap().as_str()),
                ("secrets.read", "web")
            );
            (
                target.config.map(|slug| slug.to_string()),
                target.key.map(|key| key.to_string()),
            )
        })
        .collect();
    told.sort();
    // The grid, the key, and what its reference led to.
    let expected = [(None, None), (None, Some("B")), (Some("base"), None)];
    let owned = |text: Option<&str>| text.map(str::to_owned);
    assert_eq!(
        told,
        expected.map(|(config, key)| (owned(config), owned(key)))
    );
}

#[tokio::test]
async fn what_is_refused_is_counted_by_who_and_what() {
    let (owner, journal) = owner(AuditReads::Collapsed).await;
    let scope = serde_json::json!({"project": "web", "actions": ["secrets:read"]});
    let reader = owner.service(scope).await;
    for _ in 0..3 {
        reader.json("PUT", SECRET, r#"{"value":"2"}"#).await.is(403);
    }
    reader.delete(SECRET).await.is(403);
    // What somebody may not even know of is no refusal, and neither is a token that never was.
    reader
        .get("/api/projects/shop/configs/base/secrets")
        .await
        .is(404);
    reader.with("ssm_no").get(SECRET).await.is(401);
    let own = reader.get("/api/auth/tokens/self").await.json();
    let revoke = serde_json::json!({"token_id": own["token_id"]}).to_string();
    owner
        .json("POST", "/api/auth/tokens/v2/revoke", &revoke)
        .await
        .is(200);
    reader.get(SECRET).await.is(401);

    let accesses = recorded(&owner, &journal).await;
    let total = |action: &str, method: &str| -> u64 {
        let alike = accesses.iter().filter(|access| {
            let request = access.request.as_ref().unwrap();
            access.action == action && request.method == method
        });
        alike.map(|access| access.count).sum()
    };
    assert_eq!(
        (
            total("access.denied", "PUT"),
            total("access.denied", "DELETE")
        ),
        (3, 1)
    );
    assert_eq!(total("auth.dead_token", "GET"), 1);
    assert!(
        accesses
            .iter()
            .all(|access| access.actor.id == "ci" && !access.succeeded())
    );
    assert_eq!(accesses.iter().map(|access| access.count).sum::<u64>(), 5);
    assert_eq!(accesses[0].target.key.as_ref().unwrap().as_str(), "A");
}

/// Somebody who tries to sign in to the console from a page of this site.
async fn sign_in(caller: &Caller, site: &str, username: &str) -> Answer {
    let request = axum::extract::Request::post("/api/auth/session")
        .header("host", "localhost")
        .header("sec-fetch-site", site)
        .header("content-type", "application/json");
    let body = json!({"username": username, "password": "CANARY"}).to_string();
    caller.send(request, body).await
}

#[tokio::test]
async fn sign_ins_that_fail_are_counted_by_user_and_without_what_was_typed() {
    let (owner, journal) = owner(AuditReads::Collapsed).await;
    // The first three are free, and counted before any is checked.
    let tries = join_all((0..5).map(|_| sign_in(&owner, "same-origin", "OWNER")));
    let change = json!({"currentPassword": "CANARY", "newPassword": "An0ther!Passw0rd"});
    let change = change.to_string();
    let (tries, change) = tokio::join!(tries, owner.json("POST", "/api/me/password", &change));
    for refused in tries.iter().chain([&change]) {
        assert!([400, 401, 429].contains(&refused.status.as_u16()));
    }
    for typed in ["CANARY-of-nobody", "no name, CANARY"] {
        sign_in(&owner, "same-origin", typed).await.is(401);
    }
    for _ in 0..2 {
        let refused = sign_in(&owner, "cross-site", "owner").await;
        refused.refused(403, "cross_site");
    }

    let accesses = recorded(&owner, &journal).await;
    let total = |alike: &dyn Fn(&Access) -> bool| -> u64 {
        let alike = accesses.iter().filter(|access| alike(access));
        alike.map(|access| access.count).sum()
    };
    let about = |action: &'static str, actor: &'static str| {
        total(&|access| access.action == action && access.actor.id == actor)
    };
    // One more is free where a second has gone by since.
    let (failed, throttled) = (
        about("auth.failed", "owner"),
        about("auth.throttled", "owner"),
    );
    assert_eq!(failed + throttled, 6);
    assert!((3..6).contains(&failed), "{failed}");
    assert_eq!(about("auth.failed", "unknown"), 2);
    assert_eq!(about("access.denied", "unknown"), 2);
    assert_eq!(total(&|_| true), 10);
    // Whoever tries to change a password that they do not know is known all the same.
    assert_eq!(total(&|access| access.actor.kind == ActorKind::User), 1);
    let named = |access: &Access| access.target.user.as_ref().map(ToString::to_string);
    for access in accesses {
        let is_owner = access.actor.id == "owner";
        assert_eq!(named(&access), is_owner.then(|| "owner".to_owned()));
        let path = access.request.unwrap().path;
        assert!(["/api/auth/session", "/api/me/password"].contains(&&*path));
    }
}

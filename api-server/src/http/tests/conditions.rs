use axum::body::Body;
use axum::extract::Request;
use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};

use super::{Answer, Caller};

const SECRETS: &str = "/api/projects/web/configs/prod/secrets";

fn tag(answer: &Answer) -> String {
    answer.headers[ETAG].to_str().unwrap().to_owned()
}

async fn read_unless(owner: &Caller, path: &str, held: &str) -> Answer {
    owner
        .send(
            Request::get(path).header(IF_NONE_MATCH, held),
            Body::empty(),
        )
        .await
}

async fn write_if(owner: &Caller, held: &str, value: u32) -> Answer {
    let request = Request::put(format!("{SECRETS}/A")).header("content-type", "application/json");
    owner
        .send(
            request.header(IF_MATCH, held),
            format!(r#"{{"value":"{value}"}}"#),
        )
        .await
}

#[tokio::test]
async fn what_the_client_holds_is_not_sent_again_until_it_changes() {
    let owner = Caller::owner().await.with_configs().await;
    let base = "/api/projects/web/configs/base/secrets/A";
    owner.json("PUT", base, r#"{"value":"1"}"#).await.is(200);
    for path in [SECRETS, "/api/projects/web/configs/prod", base] {
        let first = tag(owner.get(path).await.is(200));
        let again = read_unless(&owner, path, &format!("\"x\", W/{first}")).await;
        assert!(again.is(304).text.is_empty());
        assert_eq!(tag(&again), first);
        // An inherited value counts, too.
        owner
            .json("PUT", base, &format!(r#"{{"value":"{path}"}}"#))
            .await
            .is(200);
        assert_ne!(tag(read_unless(&owner, path, &first).await.is(200)), first);
    }
}

#[tokio::test]
async fn a_write_that_rests_on_an_older_revision_is_refused() {
    let owner = Caller::owner().await.with_configs().await;
    let old = tag(&owner.get(SECRETS).await);
    let new = tag(write_if(&owner, &old, 1).await.is(200));
    assert_eq!(new, tag(&owner.get(SECRETS).await));
    write_if(&owner, &old, 2)
        .await
        .refused(412, "revision_moved");
    write_if(&owner, "\"something\"", 2)
        .await
        .refused(412, "precondition_failed");
    write_if(&owner, "*", 3).await.is(200);
    let delete = Request::delete(format!("{SECRETS}/A")).header(IF_MATCH, &new);
    owner
        .send(delete, Body::empty())
        .await
        .refused(412, "revision_moved");
    assert_eq!(
        owner.get(&format!("{SECRETS}/A")).await.json()["value"],
        "3"
    );
}

#[tokio::test]
async fn an_export_shows_what_was_asked_for_and_from_where_it_is() {
    let owner = Caller::owner().await.with_configs().await;
    let base = "/api/projects/web/configs/base/secrets";
    owner
        .json("PATCH", base, r#"{"set":{"B":"b","A":"a"}}"#)
        .await
        .is(200);
    owner
        .json("PUT", &format!("{SECRETS}/A"), r#"{"value":"own\n\"é"}"#)
        .await
        .is(200);
    let all = owner.get(SECRETS).await;
    assert!(
        all.text
            .starts_with(r#"{"data":{"A":"own\n\"é","B":"b"},"meta":{"A":"#),
        "{}",
        all.text
    );
    let meta = &all.json()["meta"];
    assert_eq!(
        (&meta["A"]["source"], &meta["A"]["overrides"]),
        (&"prod".into(), &"base".into())
    );
    assert_eq!(
        (&meta["B"]["source"], &meta["B"]["inherited"]),
        (&"base".into(), &true.into())
    );
    let text = async |query: &str| {
        owner
            .get(&format!("{SECRETS}?{query}"))
            .await
            .is(200)
            .json()
            .to_string()
    };
    assert!(!text("include_parent=false").await.contains(r#""B""#));
    assert!(!text("include_meta=0").await.contains("meta"));
    assert!(
        text("values=false&include_meta=false")
            .await
            .contains(r#"{"A":null,"B":null}"#)
    );
    owner
        .get(&format!("{SECRETS}?format=toml"))
        .await
        .refused(400, "invalid");
    owner
        .get(&format!("{SECRETS}?minRevision=99"))
        .await
        .refused(503, "behind");
    owner
        .get(&format!("{SECRETS}/B"))
        .await
        .refused(404, "secret_not_found");
    owner
        .get(&format!("{SECRETS}/B?effective=true"))
        .await
        .is(200);
}

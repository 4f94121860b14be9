use axum::body::Body;
use axum::extract::Request;

use super::Caller;

const BASE: &str = "/api/projects/web/configs/base/secrets";

/// Asserts that a body with `CANARY` in it is refused with words that do not repeat it.
async fn refuses(owner: &Caller, method: &str, path: &str, body: &str, code: &str, says: &str) {
    let answer = owner.json(method, path, body).await;
    answer.refused(400, code);
    assert!(answer.text.contains(says), "{says}: {}", answer.text);
    assert!(!answer.text.contains("CANARY"), "{}", answer.text);
}

#[tokio::test]
async fn what_is_wrong_with_many_changes_is_told_by_field_and_repeated_nowhere() {
    let owner = Caller::owner().await.with_configs().await;
    let deep = format!(
        r#"{{"set":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    for (body, code, says) in [
        (
            r#"{"set":{"A":"CANARY"},"zzz":1,"yyy":2}"#,
            "unknown_fields",
            "Unknown fields: zzz, yyy",
        ),
        (r#"{"set":{"A":{"$ne":"CANARY"}}}"#, "invalid", "set.A"),
        (
            r#"{"set":{"A":"CANARY","A":"CANARY"}}"#,
            "invalid",
            "once only",
        ),
        (
            r#"{"set":{"CANARY value":"1"}}"#,
            "invalid",
            "each key must be",
        ),
        (r#"{"delete":["CANARY-2"]}"#, "invalid", "delete"),
        (r#"{"set":{"A":"CANARY"#, "malformed_json", "line 1"),
        (deep.as_str(), "too_deep", "32"),
    ] {
        refuses(&owner, "PATCH", BASE, body, code, says).await;
    }
    assert_eq!(owner.get(BASE).await.json()["data"], serde_json::json!({}));
}

#[tokio::test]
async fn what_is_wrong_with_one_thing_is_told_by_field_and_repeated_nowhere() {
    let owner = Caller::owner().await.with_configs().await;
    let secret = format!("{BASE}/A");
    for (body, says) in [
        (r#"{"value":"CANARY\u0000"}"#, "NUL"),
        (r#"{"note":"CANARY"}"#, "is missing"),
        (r#"{"value":null}"#, "value"),
        (
            r#"{"value":"x","icon_slug":"CANARY <script>"}"#,
            "icon_slug",
        ),
    ] {
        refuses(&owner, "PUT", &secret, body, "invalid", says).await;
    }
    for (body, says) in [
        (r#"{"slug":"CANARY"}"#, "slug"),
        (r#"{"slug":"b","name":"CANARY\n"}"#, "name"),
        (r#"["CANARY", null, null]"#, "must be an object"),
    ] {
        refuses(&owner, "POST", "/api/projects", body, "invalid", says).await;
    }
    assert_eq!(owner.get(BASE).await.json()["data"], serde_json::json!({}));
}

#[tokio::test]
async fn fields_that_are_unknown_or_null_are_passed_over_where_old_clients_send_them() {
    let owner = Caller::owner().await;
    let body = r#"{"slug":"web","name":null,"description":null,"zzz":{"deep":[1]}}"#;
    owner.json("POST", "/api/projects/", body).await.is(201);
    let body = r#"{"slug":"base","parent":null,"inherits_from":null,"name":null}"#;
    owner
        .json("POST", "/api/projects/web/configs", body)
        .await
        .is(201);
    let secret = "/api/projects/web/configs/base/secrets/A";
    owner
        .json(
            "PUT",
            secret,
            r#"{"value":"1","icon_slug":"db","note":"n","zzz":1}"#,
        )
        .await
        .is(200);
    let icon = async || {
        let export = owner
            .get("/api/projects/web/configs/base/secrets")
            .await
            .json();
        export["meta"]["A"]["iconSlug"].clone()
    };
    owner
        .json("PUT", secret, r#"{"value":"2","note":null}"#)
        .await
        .is(200);
    assert_eq!(icon().await, "db");
    owner
        .json("PUT", secret, r#"{"value":"2","icon_slug":null}"#)
        .await
        .is(200);
    assert!(icon().await.is_null());
}

#[tokio::test]
async fn a_body_has_a_size_a_type_and_no_compression() {
    let owner = Caller::owner().await.with_configs().await;
    let path = "/api/projects/web/configs/base/secrets";
    let big = format!(r#"{{"set":{{"A":"{}"}}}}"#, "x".repeat(2 * 1024 * 1024));
    owner
        .json("PATCH", path, &big)
        .await
        .refused(413, "too_large");
    let unannounced = Body::from_stream(futures::stream::iter([Ok::<_, std::io::Error>(big)]));
    let request = Request::patch(path).header("content-type", "application/json");
    owner
        .send(request, unannounced)
        .await
        .refused(413, "too_large");

    let request = || Request::patch(path);
    owner
        .send(request(), "{}")
        .await
        .refused(415, "unsupported_media_type");
    for (name, value) in [("content-type", "text/plain"), ("content-encoding", "gzip")] {
        let request = request()
            .header("content-type", "application/json")
            .header(name, value);
        let request = if name == "content-type" {
            Request::patch(path).header(name, value)
        } else {
            request
        };
        owner
            .send(request, "{}")
            .await
            .refused(415, "unsupported_media_type");
    }
    let many: Vec<String> = (0..5_001).map(|n| format!(r#""K{n}":"v""#)).collect();
    owner
        .json(
            "PATCH",
            path,
            &format!(r#"{{"set":{{{}}}}}"#, many.join(",")),
        )
        .await
        .refused(413, "too_large");
}

#[tokio::test]
async fn a_caller_who_may_not_write_learns_nothing_about_the_body() {
    let owner = Caller::owner().await.with_configs().await;
    owner
        .json("POST", "/api/projects", r#"{"slug":"other"}"#)
        .await
        .is(201);
    owner
        .json("POST", "/api/projects/other/configs", r#"{"slug":"base"}"#)
        .await
        .is(201);
    let reader = owner
        .service(serde_json::json!({"project": "web", "actions": ["secrets:read"]}))
        .await;
    for (caller, project, status) in [
        (owner.with("ssm_none"), "web", 401),
        (reader.clone(), "other", 404),
        (reader, "web", 403),
        (owner, "web", 400),
    ] {
        for (method, rest) in [("PUT", "/A"), ("PATCH", ""), ("POST", "/import")] {
            let path = format!("/api/projects/{project}/configs/base/secrets{rest}");
            caller.json(method, &path, "{broken").await.is(status);
        }
    }
}

#[tokio::test]
async fn paths_that_lead_nowhere_are_answered_in_the_shape_of_every_error() {
    let owner = Caller::owner().await.with_configs().await;
    for (path, code) in [
        ("/nowhere", "not_found"),
        ("/api/nothing", "not_found"),
        ("/api//projects", "not_found"),
        ("/api/projects/web/../web", "not_found"),
        ("/api/projects/%2e%2e", "not_found"),
        ("/api/projects/web%2fconfigs", "not_found"),
        (
            "/api/projects/WEB/configs/base/secrets",
            "project_not_found",
        ),
        (
            "/api/projects/web/configs/base%2f..%2fprod/secrets",
            "not_found",
        ),
        ("/api/projects/web/configs/base%00/secrets", "not_found"),
        (
            "/api/projects/web/configs/base/secrets/%C3%84",
            "secret_not_found",
        ),
        ("/api/projects/%ff", "not_found"),
    ] {
        owner.get(path).await.refused(404, code);
    }
    let answer = owner.delete("/api/version").await;
    answer.refused(405, "method_not_allowed");
    assert_eq!(answer.headers["allow"], "GET,HEAD");
    owner
        .json(
            "PUT",
            "/api/projects/web/configs/base/secrets/lower",
            r#"{"value":"1"}"#,
        )
        .await
        .refused(400, "invalid");
}

#[tokio::test]
async fn a_file_with_lines_that_are_not_understood_is_refused_whole() {
    let owner = Caller::owner().await.with_configs().await;
    let path = "/api/projects/web/configs/base/secrets/import";
    let answer = owner
        .send(Request::post(path), "GOOD=1\nCANARY\nOPEN=\"CANARY\n")
        .await;
    let body = answer.refused(400, "invalid_env_file");
    assert!(
        body["errors"]["line 2"].is_string() && body["errors"]["line 3"].is_string(),
        "{body}"
    );
    assert!(!answer.text.contains("CANARY"));

    let file = "GOOD=1\nMORE='two words'\n";
    let dry = owner
        .send(Request::post(format!("{path}?dryRun=true")), file)
        .await
        .is(200)
        .json();
    assert_eq!(
        (&dry["dryRun"], &dry["keys"][0]["change"]),
        (&true.into(), &"new".into())
    );
    assert_eq!(
        owner
            .get("/api/projects/web/configs/base/secrets?format=env")
            .await
            .text,
        ""
    );
    owner.send(Request::post(path), file).await.is(200);
    assert_eq!(
        owner
            .get("/api/projects/web/configs/base/secrets?format=env")
            .await
            .text,
        file
    );
}

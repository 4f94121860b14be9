//! Input that is refused: a clear error, nothing changed, nothing repeated.

use serde_json::json;
use ssm_tests::canary;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use ssm_tests::caller::{Caller, fresh, owner};

#[tokio::test]
async fn an_unknown_field_is_named_on_new_endpoints_and_passed_over_on_old_ones() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let patch = owner
        .patch(
            &shop.secrets("base"),
            json!({"set": {}, "zzz": canary::value("field")}),
        )
        .await;
    assert_eq!(patch.status, 400);
    assert_eq!(patch.json()["message"], "Unknown fields: zzz");
    assert!(!canary::is_in(patch.text.as_bytes()));
    owner
        .put(&shop.secret("base", "A"), json!({"value": "1", "zzz": 1}))
        .await
        .ok();
}

#[tokio::test]
async fn wrong_types_are_refused_by_field_without_repeating_the_value() {
    let owner = owner().await;
    let shop = owner.shop().await;
    for value in [
        json!({"$ne": ""}),
        json!(1),
        json!([canary::value("list")]),
        json!(null),
        json!(true),
    ] {
        let put = owner
            .put(&shop.secret("base", "A"), json!({"value": value}))
            .await;
        assert_eq!(put.status, 400, "{value}: {}", put.text);
        assert!(!canary::is_in(put.text.as_bytes()));
        assert!(put.text.contains("value"), "{}", put.text);
    }
    for body in [json!([]), json!("text"), json!(7), json!(null)] {
        assert_eq!(
            owner
                .put(&shop.secret("base", "A"), body.clone())
                .await
                .status,
            400,
            "{body}"
        );
    }
    for slug in [
        json!({"$gt": ""}),
        json!(7),
        json!("UPPER"),
        json!("../etc"),
        json!("a\u{0}b"),
        json!(""),
        json!("a".repeat(65)),
    ] {
        let post = owner.post("/api/projects", json!({"slug": slug})).await;
        assert_eq!(post.status, 400, "{slug}: {}", post.text);
    }
    assert_eq!(
        owner.get(&shop.secrets("base")).await.ok()["data"],
        json!({})
    );
}

#[tokio::test]
async fn json_that_is_broken_deep_or_of_another_type_is_refused_and_never_repeated() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let path = shop.secrets("base");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!("{{\"set\":{}1{}}}", "{\"A\":".repeat(40), "}".repeat(40));
    let broken = format!("{{\"set\": {{\"A\": \"{}\"", canary::value("broken"));
    for body in [
        deep,
        nested,
        broken,
        String::new(),
        "{'set': {}}".into(),
        "{\"set\":{}} trailing".into(),
    ] {
        let answer = owner.raw("PATCH", &path, "application/json", body).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(!canary::is_in(answer.text.as_bytes()), "{}", answer.text);
    }
    let text = owner
        .raw("PATCH", &path, "text/plain", "{\"set\":{}}")
        .await;
    assert_eq!(text.status, 415);
    let bytes = owner
        .raw("PATCH", &path, "application/json", vec![b'{', 0xff, 0xfe])
        .await;
    assert_eq!(bytes.status, 400);
}

#[tokio::test]
async fn an_oversized_body_is_413_whether_its_length_is_said_or_not() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let body = format!("{{\"value\": \"{}\"}}", "x".repeat(3 * 1024 * 1024));
    assert_eq!(
        owner
            .raw(
                "PUT",
                &shop.secret("base", "A"),
                "application/json",
                body.clone()
            )
            .await
            .status,
        413
    );
    let chunks = body
        .into_bytes()
        .chunks(64 * 1024)
        .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
        .collect::<Vec<_>>();
    let stream = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
    assert_eq!(
        owner
            .raw("PUT", &shop.secret("base", "A"), "application/json", stream)
            .await
            .status,
        413
    );
    let long = json!({"value": canary::value(&"x".repeat(64 * 1024))});
    let answer = owner.put(&shop.secret("base", "A"), long).await;
    assert_eq!(answer.status, 400);
    assert!(!canary::is_in(answer.text.as_bytes()));
    owner
        .put(
            &shop.secret("base", "A"),
            json!({"value": "x".repeat(64 * 1024)}),
        )
        .await
        .ok();
}

#[tokio::test]
async fn keys_and_slugs_in_paths_are_checked() {
    let owner = owner().await;
    let shop = owner.shop().await;
    for key in ["lower", "2STARTS", "A-B", "A%20B", "A%00", "%C3%84"] {
        let answer = owner
            .put(
                &shop.secret("base", key),
                json!({"value": canary::value("k")}),
            )
            .await;
        assert!(
            [400, 404].contains(&answer.status.as_u16()),
            "{key}: {} {}",
            answer.status,
            answer.text
        );
        assert!(!canary::is_in(answer.text.as_bytes()));
    }
    for slug in ["UPPER", "a%20b", "%00", "a%0Ab"] {
        let answer = owner
            .get(&format!("/api/projects/{slug}/configs/base/secrets"))
            .await;
        assert!(
            [400, 404].contains(&answer.status.as_u16()),
            "{slug}: {}",
            answer.status
        );
    }
}

/// Sends a request line as it is: clients would tidy the path up.
async fn raw_path(owner: &Caller, path: &str) -> String {
    let url = owner.request("GET", "/").build().unwrap().url().clone();
    let address = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        owner.token()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn dots_slashes_and_escapes_in_paths_lead_nowhere() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let slug = &shop.slug;
    for path in [
        format!("/api/projects/{slug}/../{slug}/configs/base/secrets"),
        format!("/api/projects/%2e%2e/projects/{slug}"),
        format!("/api/projects/{slug}%2fconfigs%2fbase"),
        format!("/api//projects/{slug}"),
        format!("/api/projects/{slug}/configs/base%2f..%2fprod/secrets"),
        "/api/projects/../../../../etc/passwd".to_owned(),
        "/../Cargo.toml".to_owned(),
    ] {
        let answer = raw_path(&owner, &path).await;
        let status = answer.split(' ').nth(1).unwrap_or("");
        assert!(status == "404" || status == "400", "{path}: {answer}");
        assert!(answer.contains("\"code\""), "{path}: {answer}");
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_answer_in_the_shape_of_every_error() {
    let owner = owner().await;
    let absent = owner.get("/api/no-such-thing").await;
    assert_eq!(absent.status, 404);
    assert!(absent.json()["code"].is_string() && absent.json()["requestId"].is_string());
    let method = owner.delete("/api/version").await;
    assert_eq!(method.status, 405);
    assert!(method.json()["code"].is_string());
}

#[tokio::test]
async fn checks_go_in_order_so_that_nobody_learns_more_than_they_may() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let broken = |caller: Caller, path: String| async move {
        caller
            .raw("PUT", &path, "application/json", "{broken")
            .await
            .status
            .as_u16()
    };
    let other = owner.shop().await;
    let reader = owner
        .service(json!({"project": shop.slug, "actions": ["secrets:read"]}))
        .await;
    assert_eq!(
        broken(owner.with("ssm_nobody"), shop.secret("base", "A")).await,
        401
    );
    assert_eq!(broken(reader.clone(), other.secret("base", "A")).await, 404);
    assert_eq!(broken(reader, shop.secret("base", "A")).await, 403);
    assert_eq!(broken(owner, shop.secret("base", "A")).await, 400);
}

#[tokio::test]
async fn a_request_id_is_echoed_when_it_is_harmless_and_made_otherwise() {
    let owner = owner().await;
    let id = async |given: &str| {
        let request = owner
            .request("GET", "/api/version")
            .header("x-request-id", given);
        Caller::send(request)
            .await
            .header("x-request-id")
            .to_owned()
    };
    assert_eq!(id("build-42").await, "build-42");
    for odd in ["", "with space", "<script>", &"x".repeat(500)] {
        let made = id(odd).await;
        assert!(!made.is_empty() && made != odd);
    }
}

#[tokio::test]
async fn bad_parameters_are_refused_by_name() {
    let owner = owner().await;
    let shop = owner.shop().await;
    for query in [
        "format=xml",
        "include_parent=perhaps",
        "minRevision=-1",
        "values=2",
    ] {
        let answer = owner
            .get(&format!("{}?{query}", shop.secrets("base")))
            .await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
        let name = query.split('=').next().unwrap();
        assert!(answer.text.contains(name), "{query}: {}", answer.text);
    }
    for query in ["limit=many", "page=-1", "since=yesterday", "project=%2e%2e"] {
        assert_eq!(
            owner
                .get(&format!("/api/audit/events?{query}"))
                .await
                .status,
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_config_keeps_its_limits() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let many: serde_json::Map<_, _> = (0..5001).map(|n| (format!("K{n}"), json!("v"))).collect();
    assert_eq!(
        owner
            .patch(&shop.secrets("base"), json!({"set": many}))
            .await
            .status,
        413
    );
    let big: serde_json::Map<_, _> = (0..17)
        .map(|n| (format!("K{n}"), json!("x".repeat(64 * 1024))))
        .collect();
    assert_eq!(
        owner
            .patch(&shop.secrets("base"), json!({"set": big}))
            .await
            .status,
        413
    );
    assert_eq!(
        owner.get(&shop.secrets("base")).await.ok()["data"],
        json!({})
    );
    let slug = fresh("described");
    let long = json!({"slug": slug, "description": "x".repeat(501)});
    assert_eq!(owner.post("/api/projects", long).await.status, 400);
}

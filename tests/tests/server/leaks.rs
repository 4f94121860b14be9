//! Secret values, passwords and tokens are nowhere but in the answers that they belong to.

use std::fs;

use serde_json::json;
use ssm_tests::caller::{Caller, OWNER, own_server};
use ssm_tests::{ServerOptions, canary};

#[tokio::test]
async fn no_value_password_or_token_is_in_the_record_the_metrics_the_files_or_the_process() {
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    let shop = owner.shop().await;
    stir(&owner, &shop).await;

    for path in [
        "/metrics",
        "/readyz",
        "/api/audit/events?limit=100",
        "/api/audit/export",
        "/api/audit/checkpoint",
        "/api/auth/tokens/v2?include_revoked=true",
        "/api/onboarding/status",
        "/api/openapi.json",
        "/api/me",
        &format!("{}?values=false", shop.secrets("prod")),
        &shop.configs,
        &format!("/api/projects/{}/compare", shop.slug),
    ] {
        let answer = owner.get(path).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        assert!(!canary::is_in(answer.text.as_bytes()), "{path} leaks");
    }
    let process = format!("/proc/{}", server.process().pid());
    for file in ["cmdline", "comm", "environ", "status"] {
        let text = fs::read(format!("{process}/{file}")).unwrap();
        assert!(!canary::is_in(&text), "the process's {file} leaks");
    }
    server.stop().await.unwrap();
    let seen = canary::sightings(server.data_dir()).unwrap();
    assert!(seen.is_empty(), "{seen:?}");
    assert!(!canary::is_in(server.log().unwrap().as_bytes()));
}

/// Brings canaries to wherever one could stay.
async fn stir(owner: &Caller, shop: &ssm_tests::caller::Shop) {
    let ci = owner
        .service(json!({"project": shop.slug, "actions": ["secrets:export", "secrets:write"]}))
        .await;
    let set = json!({"set": {"A": canary::value("a"), "B": canary::value("b")}});
    ci.patch(&shop.secrets("base"), set).await.ok();
    let (secrets, compare) = (
        shop.secrets("prod"),
        format!("/api/projects/{}/compare", shop.slug),
    );
    for path in [
        secrets.clone(),
        format!("{secrets}?format=env"),
        format!("{secrets}?format=yaml"),
        format!("{compare}?values=true"),
        format!("{compare}/secrets/A"),
    ] {
        assert!(
            canary::is_in(owner.get(&path).await.text.as_bytes()),
            "{path}"
        );
    }
    assert!(canary::is_in(ci.get(&secrets).await.text.as_bytes()));
    let file = format!("C={}\nD\nE=\"{}", canary::value("c"), canary::value("e"));
    let import = format!("{}/import", shop.secrets("base"));
    let refused = ci.raw("POST", &import, "text/plain", file).await;
    refused.refused(400, "invalid_env_file");
    let value = canary::value("flat");
    for (format, file) in [
        (
            "json",
            format!("{{\"A\": [\"{value}\"], \"{value}\": \"{value}\"}}"),
        ),
        (
            "yaml",
            format!("A: &a {value}\n{value}: !t {value}\nB: {value}: x"),
        ),
    ] {
        let import = format!("{import}?format={format}");
        let refused = ci.raw("POST", &import, "text/plain", file).await;
        refused.refused(400, &format!("invalid_{format}_file"));
    }
    // Pasted where it does not belong.
    let misplaced = canary::value("misplaced");
    for (method, path) in [
        ("PUT", shop.secret("base", &misplaced)),
        ("GET", shop.secret("base", &misplaced)),
        ("GET", format!("/api/projects/{misplaced}")),
        ("GET", format!("/api/{misplaced}?token={misplaced}")),
        ("POST", format!("/api/audit/events?since={misplaced}")),
        (
            "GET",
            format!("{}?format={misplaced}", shop.secrets("base")),
        ),
    ] {
        let answer = owner
            .raw(method, &path, "application/json", misplaced.clone())
            .await;
        assert!(
            !canary::is_in(answer.text.as_bytes()),
            "{method} repeats it"
        );
    }
    let nobody = owner.without_token();
    for (username, password) in [(OWNER, misplaced.clone()), (&misplaced, canary::password())] {
        let request = nobody.request("GET", "/api/auth/tokens/");
        let answer = Caller::send(request.basic_auth(username, Some(password))).await;
        answer.refused(401, "unauthenticated");
    }
    nobody
        .with(&misplaced)
        .get("/api/me")
        .await
        .refused(401, "unauthenticated");
    let revoke = json!({"token": ci.token()});
    owner.post("/api/auth/tokens/v2/revoke", revoke).await.ok();
    ci.get(&shop.secrets("prod"))
        .await
        .refused(401, "unauthenticated");
}

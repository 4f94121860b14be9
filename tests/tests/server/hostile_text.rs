//! Text that means something to somebody else: scripts, commands to a terminal, line ends, characters in two forms.

use std::time::Duration;

use serde_json::json;
use ssm_tests::caller::{Caller, OWNER, fresh, own_server, owner};
use ssm_tests::{ServerOptions, canary, eventually};

const SCRIPT: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>";

#[tokio::test]
async fn a_script_in_a_name_or_a_note_is_text_and_nothing_else() {
    let owner = owner().await;
    let slug = fresh("script");
    let project = json!({"slug": slug, "name": SCRIPT, "description": SCRIPT});
    owner.post("/api/projects", project).await.ok();
    let configs = format!("/api/projects/{slug}/configs");
    let config = json!({"slug": "base", "name": SCRIPT});
    owner.post(&configs, config).await.ok();
    let secret = format!("{configs}/base/secrets/A");
    let body = json!({"value": SCRIPT, "note": SCRIPT});
    owner.put(&secret, body).await.ok();
    for path in [
        "/api/projects",
        &format!("/api/projects/{slug}"),
        &configs,
        &secret,
        &format!("{configs}/base/secrets"),
    ] {
        let answer = owner.get(path).await;
        assert!(answer.ok().to_string().contains(SCRIPT), "{path}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
    }
}

#[tokio::test]
async fn names_that_look_the_same_are_not_taken() {
    let owner = owner().await;
    let shop = owner.shop().await;
    for name in [
        "caf\u{e9}",
        "cafe\u{301}",
        "\u{ff53}hop",
        "sh\u{200b}op",
        "ѕhop",
    ] {
        for body in [json!({"slug": name})] {
            let refused = owner.post("/api/projects", body.clone()).await;
            refused.refused(400, "invalid");
            let refused = owner.post(&shop.configs, body).await;
            refused.refused(400, "invalid");
        }
        let path = format!("/api/projects/{name}");
        owner.get(&path).await.refused(404, "project_not_found");
        let key = shop.secret("base", &name.to_uppercase());
        let refused = owner.put(&key, json!({"value": "x"})).await;
        refused.refused(400, "invalid");
        let service = json!({"service_name": name, "actions": ["audit:read"]});
        let refused = owner.post("/api/auth/tokens/v2/service", service).await;
        refused.refused(400, "invalid");
    }
}

#[tokio::test]
async fn what_looks_like_a_username_is_nobody() {
    let (_server, owner) = own_server(ServerOptions::default()).await;
    let nobody = owner.without_token();
    for name in [
        "\u{ff4f}wner",
        "ow\u{200b}ner",
        "оwner",
        "owner\u{301}",
        " owner",
        "owner\0",
    ] {
        let request = nobody.request("GET", "/api/auth/tokens/");
        let request = request.basic_auth(name, Some(canary::password()));
        Caller::send(request).await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn nothing_that_a_client_sends_ends_a_line_of_the_log_or_commands_a_terminal() {
    let (server, owner) = own_server(ServerOptions::default()).await;
    let nobody = owner.without_token();
    let forged = "\r\n2026-01-01T00:00:00Z ERROR forged\u{1b}[2Jforged";
    let request = nobody.request("GET", "/api/auth/tokens/");
    Caller::send(request.basic_auth(format!("{OWNER}{forged}"), Some("x"))).await;
    for path in [
        "/api/%0d%0a%1b%5b2Jforged",
        "/api/projects/%0aforged%1b/configs",
    ] {
        owner.get(path).await;
        owner
            .post(path, json!({"slug": forged, forged: forged}))
            .await;
    }
    owner.post("/api/projects", json!({"slug": forged})).await;
    owner
        .post("/api/projects", json!({"slug": "ok", "name": forged}))
        .await;
    let tells = owner
        .request("GET", "/api/version")
        .header("user-agent", "forged\u{9b}2J");
    Caller::send(tells).await;
    let last = "the-last-request";
    let request = owner
        .request("POST", "/api/projects")
        .header("x-request-id", last);
    Caller::send(request).await;

    let patience = Duration::from_secs(30);
    let log = eventually(patience, "the last request is logged", async || {
        let log = server.log()?;
        anyhow::ensure!(log.contains(last));
        Ok(log)
    });
    let log = log.await.unwrap();
    let controls = |c: char| c.is_control() && c != '\n';
    assert!(!log.contains(controls), "{log}");
    let forged = log.lines().find(|line| line.starts_with("2026-01-01"));
    assert_eq!(forged, None, "{log}");
}

//! The committed document against the server: schemathesis calls every operation with what the document allows and
//! with what it forbids, and no answer is a 5xx, undocumented, or of another shape than the document says.
//! `schemathesis.toml` says how.

use std::process::Command;

use serde_json::json;
use ssm_tests::caller::{OWNER, own_server};
use ssm_tests::{Foreign, Scratch, ServerOptions, canary};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemathesis.toml");
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../api-server/openapi.json");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_as_the_document_says() {
    let (server, owner) = own_server(ServerOptions::default()).await;
    for project in ["web", "api"] {
        owner
            .post("/api/projects", json!({"slug": project}))
            .await
            .ok();
        let configs = format!("/api/projects/{project}/configs");
        for body in [
            json!({"slug": "base"}),
            json!({"slug": "prod", "parent": "base"}),
            json!({"slug": "dev"}),
        ] {
            owner.post(&configs, body).await.ok();
        }
        let set = json!({"set": {"DATABASE_URL": "postgres://db", "API_KEY": "k"}});
        owner
            .patch(&format!("{configs}/base/secrets"), set)
            .await
            .ok();
    }

    let (foreign, scratch) = (
        Foreign::find().unwrap(),
        Scratch::new("schemathesis").unwrap(),
    );
    let mut schemathesis = Command::new(foreign.python("schemathesis"));
    schemathesis
        .args([
            "--config-file",
            CONFIG,
            "run",
            DOCUMENT,
            "--url",
            &server.url(),
        ])
        .current_dir(scratch.path())
        // Not as arguments, which everybody on the machine can read.
        .env("SSM_TOKEN", owner.token())
        .env("SSM_USERNAME", OWNER)
        .env("SSM_PASSWORD", canary::password());
    let run = tokio::task::spawn_blocking(move || schemathesis.output());
    let output = run.await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

//! Secrets: read, written, brought in, and watched.

use serde_json::json;

use crate::authorization::case::Case;
use crate::authorization::grants::Need;
use crate::authorization::grants::Spot::Config;
use crate::authorization::grants::Step::{Hold, May};

pub fn cases() -> Vec<Case> {
    vec![
        Case::of(
            "GET /api/projects/{project}/configs/{config}/secrets",
            Need::All(&[May("secrets:export", Config)]),
        ),
        Case::of(
            "GET /api/projects/{project}/configs/{config}/secrets",
            Need::All(&[May("secrets:read", Config)]),
        )
        .query(|_| "values=false".into()),
        Case::of(
            "PATCH /api/projects/{project}/configs/{config}/secrets",
            Need::All(&[May("secrets:write", Config)]),
        )
        .json(|_| json!({"set": {"A": "1"}}))
        .body_decides(),
        Case::of(
            "PATCH /api/projects/{project}/configs/{config}/secrets",
            Need::All(&[May("secrets:delete", Config)]),
        )
        .json(|_| json!({"delete": ["B"], "dryRun": true}))
        .body_decides(),
        Case::of(
            "POST /api/projects/{project}/configs/{config}/secrets/import",
            Need::All(&[May("secrets:write", Config)]),
        )
        .file("A=1\n"),
        Case::of(
            "POST /api/projects/{project}/configs/{config}/secrets/import",
            Need::All(&[May("secrets:write", Config)]),
        )
        .file("A=1\n")
        .query(|_| "dryRun=true&values=true".into()),
        Case::of(
            "GET /api/projects/{project}/configs/{config}/secrets/{key}",
            Need::All(&[May("secrets:read", Config)]),
        ),
        Case::of(
            "PUT /api/projects/{project}/configs/{config}/secrets/{key}",
            Need::All(&[May("secrets:write", Config)]),
        )
        .json(|_| json!({"value": "1"}))
        .free("key"),
        Case::of(
            "PUT /api/projects/{project}/configs/{config}/secrets/{key}",
            Need::All(&[May("secrets:write", Config)]),
        )
        .json(|_| json!({"value": "1"}))
        .param("key", |_| "NEW".into())
        .free("key"),
        Case::of(
            "DELETE /api/projects/{project}/configs/{config}/secrets/{key}",
            Need::All(&[May("secrets:delete", Config)]),
        )
        .before(
            "PUT",
            |scene| format!("{}/A", scene.world.secrets()),
            |_| json!({"value": "1"}),
        ),
        Case::of(
            "GET /api/watch",
            Need::All(&[Hold(&["secrets:read", "secrets:export"])]),
        )
        .streams(),
    ]
}

//! Tokens: made for no more than one has, listed and revoked where one may.

use serde_json::{Value, json};

use crate::authorization::case::{Case, Scene};
use crate::authorization::grants::Need;
use crate::authorization::grants::Spot::{Config, Everywhere, Project};
use crate::authorization::grants::Step::{self, Handle, Hold, May};

/// A token that the owner makes to be revoked.
fn victim(place: fn(&Scene<'_>) -> Value) -> impl Fn(Case) -> Case {
    move |case| case.before("POST", |_| "/api/auth/tokens/v2/service".into(), place)
}

pub fn cases() -> Vec<Case> {
    vec![
        Case::of("GET /api/auth/tokens/self", Need::Token),
        Case::of("GET /api/auth/tokens/v2", Need::All(&[Hold(&["tokens:read"])])),
        Case::of("POST /api/auth/tokens/v2/personal", Need::Person)
            .json(|_| json!({"actions": ["workspace:members:read"]}))
            .answers(201),
        Case::of("POST /api/auth/tokens/v2/service", Need::All(&[May("tokens:write", Everywhere)]))
            .json(|_| json!({"service_name": "ci", "actions": ["tokens:write"]}))
            .answers(201)
            .body_decides(),
        Case::of("POST /api/auth/tokens/v2/service", Need::All(&[Hold(&["tokens:write"]), May("tokens:write", Project)]))
            .json(|scene| json!({"service_name": "ci", "project": scene.world.project(), "actions": ["tokens:write"]}))
            .answers(201)
            .body_decides(),
        Case::of("POST /api/auth/tokens/v2/service", Need::All(&[Hold(&["tokens:write"]), May("tokens:write", Config), May("secrets:read", Config)]))
            .json(|scene| {
                let (project, config) = (scene.world.project(), scene.world.config());
                json!({"service_name": "ci", "project": project, "config": config, "actions": ["secrets:read"]})
            })
            .answers(201)
            .body_decides(),
        victim(|_| json!({"service_name": "victim", "actions": ["audit:read"]}))(rotate(&[
            Handle(&["tokens:read", "tokens:write"], Everywhere),
            May("audit:read", Everywhere),
        ])),
        victim(|scene| json!({"service_name": "victim", "project": scene.world.project(), "actions": ["audit:read"]}))(rotate(&[
            Handle(&["tokens:read", "tokens:write"], Project),
            May("audit:read", Project),
        ])),
        victim(|_| json!({"service_name": "victim", "actions": ["audit:read"]}))(
            Case::of("POST /api/auth/tokens/v2/revoke", Need::All(&[Handle(&["tokens:read", "tokens:revoke"], Everywhere)])).json(revoke).body_decides(),
        ),
        victim(|scene| json!({"service_name": "victim", "project": scene.world.project(), "actions": ["audit:read"]}))(
            Case::of("POST /api/auth/tokens/v2/revoke", Need::All(&[Handle(&["tokens:read", "tokens:revoke"], Project)])).json(revoke).body_decides(),
        ),
    ]
}

fn revoke(scene: &Scene<'_>) -> Value {
    json!({"token_id": scene.made("token_id")})
}

fn rotate(steps: &'static [Step]) -> Case {
    Case::of(
        "POST /api/auth/tokens/v2/{tokenId}/rotate",
        Need::All(steps),
    )
    .json(|_| json!({"overlapSeconds": 0}))
    .param("tokenId", |scene| scene.made("token_id").to_owned())
    .answers(201)
}

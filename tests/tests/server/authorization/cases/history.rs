//! What was, the way back, and values that go from one config to another.

use serde_json::json;

use crate::authorization::case::{Case, Scene};
use crate::authorization::grants::Need;
use crate::authorization::grants::Spot::{Config, Project, Sibling};
use crate::authorization::grants::Step::{Know, May};

const LOOKING: Need = Need::All(&[May("configs:read", Config)]);
const LOOKING_AT_VALUES: Need =
    Need::All(&[May("configs:read", Config), May("secrets:read", Config)]);

/// The revision that the config is at.
fn revision(scene: &Scene<'_>) -> String {
    scene.made["revision"].to_string()
}

/// After a change, whose revision is known.
fn changed(case: Case) -> Case {
    case.before(
        "PUT",
        |scene| format!("{}/A", scene.world.secrets()),
        |scene| json!({"value": scene.fresh}),
    )
}

pub fn cases() -> Vec<Case> {
    let versions = "GET /api/projects/{project}/configs/{config}/secrets/{key}/versions";
    let past = "GET /api/projects/{project}/configs/{config}/revisions/{revision}";
    let diff = "GET /api/projects/{project}/configs/{config}/diff";
    vec![
        Case::of(versions, LOOKING),
        Case::of(versions, LOOKING_AT_VALUES).query(|_| "values=true".into()),
        Case::of(
            "GET /api/projects/{project}/configs/{config}/revisions",
            LOOKING,
        ),
        changed(Case::of(past, LOOKING)).param("revision", revision),
        changed(Case::of(past, LOOKING_AT_VALUES))
            .param("revision", revision)
            .query(|_| "values=true".into()),
        changed(Case::of(diff, LOOKING)).query(|scene| format!("from={}", revision(scene))),
        changed(Case::of(diff, LOOKING_AT_VALUES))
            .query(|scene| format!("values=true&from={}", revision(scene))),
        changed(Case::of(
            "POST /api/projects/{project}/configs/{config}/rollback",
            Need::All(&[May("secrets:read", Config), May("secrets:write", Config)]),
        ))
        .json(|scene| json!({"revision": scene.made["revision"]}))
        .body_decides(),
        Case::of(
            "POST /api/projects/{project}/promote",
            Need::All(&[
                Know(Project),
                May("secrets:read", Config),
                May("secrets:write", Sibling),
            ]),
        )
        .json(|scene| json!({"from": scene.world.config(), "to": scene.world.sibling()}))
        .body_decides(),
    ]
}

//! Projects and configs.

use serde_json::json;

use crate::authorization::case::Case;
use crate::authorization::grants::Need;
use crate::authorization::grants::Spot::{Config, Everywhere, Project, Sibling};
use crate::authorization::grants::Step::{Hold, Know, May};

pub fn cases() -> Vec<Case> {
    vec![
        Case::of("GET /api/projects", Need::All(&[Hold(&["projects:read"])])),
        Case::of(
            "POST /api/projects",
            Need::All(&[May("projects:write", Everywhere)]),
        )
        .json(|scene| json!({"slug": scene.fresh}))
        .answers(201),
        Case::of(
            "GET /api/projects/{project}",
            Need::All(&[May("projects:read", Project)]),
        ),
        Case::of(
            "PATCH /api/projects/{project}",
            Need::All(&[May("projects:write", Project)]),
        )
        .json(|scene| json!({"name": scene.fresh})),
        Case::of(
            "DELETE /api/projects/{project}",
            Need::All(&[May("projects:write", Project)]),
        )
        .query(|scene| format!("confirm={}", scene.world.project()))
        .spoils(),
        Case::of(
            "GET /api/projects/{project}/configs",
            Need::All(&[Know(Project), Hold(&["configs:read"])]),
        ),
        Case::of(
            "POST /api/projects/{project}/configs",
            Need::All(&[May("configs:write", Project)]),
        )
        .json(|scene| json!({"slug": scene.fresh}))
        .answers(201),
        Case::of(
            "POST /api/projects/{project}/configs",
            Need::All(&[May("configs:write", Project), May("secrets:read", Sibling)]),
        )
        .json(|scene| json!({"slug": scene.fresh, "inherits_from": scene.world.sibling()}))
        .body_decides()
        .answers(201),
        Case::of(
            "GET /api/projects/{project}/configs/{config}",
            Need::All(&[May("configs:read", Config)]),
        ),
        Case::of(
            "PATCH /api/projects/{project}/configs/{config}",
            Need::All(&[May("configs:write", Config)]),
        )
        .json(|scene| json!({"name": scene.fresh})),
        Case::of(
            "PATCH /api/projects/{project}/configs/{config}",
            Need::All(&[
                May("configs:write", Config),
                May("configs:write", Project),
                May("secrets:read", Sibling),
            ]),
        )
        .json(|scene| json!({"slug": scene.fresh, "inherits_from": scene.world.sibling()}))
        .body_decides()
        .spoils(),
        Case::of(
            "POST /api/projects/{project}/configs/{config}/clone",
            Need::All(&[
                Know(Config),
                May("configs:write", Project),
                May("secrets:read", Config),
                May("secrets:write", Project),
            ]),
        )
        .json(|scene| json!({"slug": scene.fresh}))
        .answers(201),
        Case::of(
            "DELETE /api/projects/{project}/configs/{config}",
            Need::All(&[May("configs:write", Config), May("secrets:delete", Config)]),
        )
        .spoils(),
    ]
}

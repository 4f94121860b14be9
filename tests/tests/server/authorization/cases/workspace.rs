//! People of the workspace, and what they are in it.
//!
//! Whoever makes, changes or disables a viewer needs what viewers may do, too.

use serde_json::json;

use crate::authorization::case::{Case, Scene};
use crate::authorization::grants::Need;
use crate::authorization::grants::Spot::{Everywhere, Project};
use crate::authorization::grants::Step::{Know, May};

const MEMBERS: Need = Need::All(&[
    May("workspace:members:manage", Everywhere),
    May("workspace:members:read", Everywhere),
]);
const USERS: Need = Need::All(&[
    May("users:manage", Everywhere),
    May("workspace:members:read", Everywhere),
]);

const MANAGE_GROUPS: Need = Need::All(&[May("workspace:groups:manage", Everywhere)]);
const MANAGE_MAPPINGS: Need = Need::All(&[May("workspace:mappings:manage", Everywhere)]);
const MANAGE_ROLES: Need = Need::All(&[May("workspace:project-members:manage", Project)]);
/// Whoever makes somebody a viewer of a project needs what viewers of it may do.
const MAKE_VIEWERS: Need = Need::All(&[
    May("workspace:project-members:manage", Project),
    May("projects:read", Project),
    May("configs:read", Project),
    May("secrets:read", Project),
    May("secrets:export", Project),
    May("audit:read", Project),
]);

pub fn cases() -> Vec<Case> {
    [people(), groups(), roles(), mappings(), settings()]
        .into_iter()
        .flatten()
        .collect()
}

fn people() -> Vec<Case> {
    vec![
        Case::of(
            "GET /api/workspace/members",
            Need::All(&[May("workspace:members:read", Everywhere)]),
        ),
        Case::of("POST /api/workspace/members", MEMBERS)
            .json(|scene| json!({"username": scene.fresh, "password": "correct horse battery"}))
            .answers(201)
            .body_decides(),
        Case::of("PATCH /api/workspace/members/{username}", MEMBERS)
            .json(|_| json!({"fullName": "Somebody"})),
        Case::of("DELETE /api/workspace/members/{username}", MEMBERS),
        Case::of(
            "GET /api/workspace/members/{username}/permissions",
            Need::All(&[May("workspace:members:read", Everywhere)]),
        ),
        Case::of(
            "GET /api/workspace/projects/{project}/permissions",
            Need::All(&[
                Know(Project),
                May("workspace:members:read", Everywhere),
                May("workspace:project-members:read", Project),
            ]),
        ),
        Case::of("POST /api/auth/userpass/register", USERS).form(|scene| {
            let password = "correct horse battery".to_owned();
            vec![("username", scene.fresh.clone()), ("password", password)]
        }),
        Case::of("DELETE /api/auth/userpass/delete", USERS)
            .form(|scene| vec![("username", scene.world.name("username").to_owned())]),
    ]
}

fn groups() -> Vec<Case> {
    let read = Need::All(&[May("workspace:groups:read", Everywhere)]);
    vec![
        Case::of("GET /api/workspace/groups", read),
        Case::of("POST /api/workspace/groups", MANAGE_GROUPS)
            .json(|scene| json!({"slug": scene.fresh}))
            .answers(201),
        Case::of("PATCH /api/workspace/groups/{group}", MANAGE_GROUPS)
            .json(|_| json!({"name": "Some people"})),
        Case::of("DELETE /api/workspace/groups/{group}", MANAGE_GROUPS)
            .before(
                "POST",
                |_| "/api/workspace/groups".into(),
                |scene| json!({"slug": scene.fresh}),
            )
            .param("group", |scene| inner(scene, "group", "slug")),
        Case::of("GET /api/workspace/groups/{group}/members", read),
        Case::of("PUT /api/workspace/groups/{group}/members", MANAGE_GROUPS)
            .json(|scene| json!({"add": [scene.world.name("username")], "remove": []})),
    ]
}

fn roles() -> Vec<Case> {
    fn path(scene: &Scene<'_>) -> String {
        format!("/api/workspace/projects/{}/members", scene.world.project())
    }
    fn role(scene: &Scene<'_>, role: &str) -> serde_json::Value {
        let username = scene.world.name("username");
        json!({"subjectType": "user", "subjectId": username, "role": role})
    }
    vec![
        Case::of(
            "GET /api/workspace/projects/{project}/members",
            Need::All(&[May("workspace:project-members:read", Project)]),
        ),
        Case::of(
            "PUT /api/workspace/projects/{project}/members",
            MANAGE_ROLES,
        )
        .json(|scene| role(scene, "none")),
        Case::of(
            "PUT /api/workspace/projects/{project}/members",
            MAKE_VIEWERS,
        )
        .json(|scene| role(scene, "viewer"))
        .body_decides(),
        Case::of(
            "DELETE /api/workspace/projects/{project}/members/{subjectType}/{subjectId}",
            MANAGE_ROLES,
        )
        .before("PUT", path, |scene| role(scene, "viewer"))
        .param("subjectType", |_| "user".into())
        .param("subjectId", |scene| scene.world.name("username").into()),
    ]
}

fn mappings() -> Vec<Case> {
    fn mapping(scene: &Scene<'_>) -> serde_json::Value {
        let group = scene.world.name("group");
        json!({"provider": "manual", "externalGroupKey": scene.fresh, "groupSlug": group})
    }
    vec![
        Case::of(
            "GET /api/workspace/group-mappings",
            Need::All(&[May("workspace:mappings:read", Everywhere)]),
        ),
        Case::of("POST /api/workspace/group-mappings", MANAGE_MAPPINGS)
            .json(mapping)
            .answers(201),
        Case::of(
            "DELETE /api/workspace/group-mappings/{mappingId}",
            MANAGE_MAPPINGS,
        )
        .before("POST", |_| "/api/workspace/group-mappings".into(), mapping)
        .param("mappingId", |scene| inner(scene, "mapping", "id")),
    ]
}

fn settings() -> Vec<Case> {
    vec![
        Case::of(
            "GET /api/workspace/settings",
            Need::All(&[May("workspace:settings:read", Everywhere)]),
        ),
        Case::of(
            "PATCH /api/workspace/settings",
            Need::All(&[May("workspace:settings:manage", Everywhere)]),
        )
        .json(|_| json!({"referencingEnabled": true})),
    ]
}

/// A field of the thing that was made.
fn inner(scene: &Scene<'_>, thing: &str, field: &str) -> String {
    let text = scene.made[thing][field].as_str();
    text.expect("what was made is told").to_owned()
}

//! What clients of version 1.4 rest on, at every operation that takes JSON: they send fields that are not known any more,
//! and `null` for what is absent. Newer operations name a field that they do not know, so that a misspelt one shows.

use serde_json::{Value, json};
use ssm_tests::ServerOptions;
use ssm_tests::caller::{Answer, Caller, own_server};

use crate::authorization::case::{Body, Case, Scene};
use crate::authorization::cases;
use crate::authorization::document::Document;
use crate::authorization::world::World;

/// The operations that version 1.4 had. One that is not here is newer.
const OLD: &[&str] = &[
    "POST /api/auth/tokens/v2/service",
    "POST /api/auth/tokens/v2/personal",
    "POST /api/auth/tokens/v2/revoke",
    "POST /api/projects",
    "POST /api/projects/{project}/configs",
    "PUT /api/projects/{project}/configs/{config}/secrets/{key}",
    "POST /api/projects/{project}/secrets/icons/recompute",
    "PATCH /api/workspace/settings",
    "POST /api/workspace/members",
    "PATCH /api/workspace/members/{username}",
    "POST /api/workspace/groups",
    "PATCH /api/workspace/groups/{group}",
    "PUT /api/workspace/groups/{group}/members",
    "PUT /api/workspace/projects/{project}/members",
    "POST /api/workspace/group-mappings",
];

/// Sends the case's own request with what is `more` where nothing is yet.
async fn send(case: &Case, world: &World, more: &[(String, Value)]) -> Answer {
    let scene = Scene::set(case, world).await;
    let Body::Json(right) = case.body else {
        unreachable!("only those with JSON are sent")
    };
    let mut body = right(&scene);
    let fields = body.as_object_mut().expect("an object");
    for (field, value) in more {
        fields.entry(field).or_insert_with(|| value.clone());
    }
    let request = world
        .owner()
        .request(case.method(), &case.path(&scene, &[]));
    Caller::send(request.json(&body)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_operations_pass_over_what_they_do_not_know_and_newer_ones_name_it() {
    let (_server, owner) = own_server(ServerOptions::default()).await;
    let (document, mut world) = (Document::committed(), World::make(&owner).await);
    let mut faults = Vec::new();
    for case in cases::all() {
        if !matches!(case.body, Body::Json(_)) || case.answers >= 400 {
            continue;
        }
        let unknown = ("zzz".to_owned(), json!({"deep": [1]}));
        let mut more = vec![unknown];
        let is_old = OLD.contains(&case.operation);
        if is_old {
            let optional = document.optional_fields(case.operation);
            more.extend(optional.map(|field| (field, Value::Null)));
        }
        let answer = send(&case, &world, &more).await;
        let fits = if is_old {
            answer.status == case.answers
        } else {
            answer.status == 400 && answer.json()["message"] == "Unknown fields: zzz"
        };
        if !fits {
            faults.push(format!("{}: {}", case.operation, answer.text));
        }
        if case.spoils {
            world = World::make(&owner).await;
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

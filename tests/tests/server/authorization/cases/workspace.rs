//! People of the workspace, and what they are in it.
//!
//! Whoever makes, changes or disables a viewer needs what viewers may do, too.

use serde_json::json;

use crate::authorization::case::Case;
use crate::authorization::grants::Need;
use crate::authorization::grants::Spot::Everywhere;
use crate::authorization::grants::Step::May;

const MEMBERS: Need = Need::All(&[
    May("workspace:members:manage", Everywhere),
    May("workspace:members:read", Everywhere),
]);
const USERS: Need = Need::All(&[
    May("users:manage", Everywhere),
    May("workspace:members:read", Everywhere),
]);

pub fn cases() -> Vec<Case> {
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
        Case::of("POST /api/auth/userpass/register", USERS).form(|scene| {
            let password = "correct horse battery".to_owned();
            vec![("username", scene.fresh.clone()), ("password", password)]
        }),
        Case::of("DELETE /api/auth/userpass/delete", USERS)
            .form(|scene| vec![("username", scene.world.name("username").to_owned())]),
    ]
}

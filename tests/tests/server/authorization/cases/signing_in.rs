//! Passwords, sessions, and who one is.

use serde_json::json;
use ssm_tests::caller::OWNER;
use ssm_tests::canary;

use crate::authorization::case::Case;
use crate::authorization::grants::{Need, Spot, Step};

const REVOKE: Need = Need::Password(&[Step::Handle(
    &["tokens:read", "tokens:revoke"],
    Spot::Everywhere,
)]);

pub fn cases() -> Vec<Case> {
    vec![
        Case::of("GET /api/auth/tokens/", Need::Password(&[])),
        Case::of("DELETE /api/auth/tokens/", REVOKE)
            .before(
                "POST",
                |_| "/api/auth/tokens/v2/service".into(),
                |_| json!({"service_name": "victim", "actions": ["audit:read"]}),
            )
            .form(|scene| vec![("token", scene.made("token").to_owned())]),
        // Whatever token comes along: only a page of the server's own signs in here, and only its cookie signs out.
        Case::of("POST /api/auth/session", Need::Nothing)
            .json(|_| json!({"username": OWNER, "password": canary::password()}))
            .answers(403),
        Case::of("DELETE /api/auth/session", Need::Token).answers(400),
        Case::of("GET /api/me", Need::Person),
        Case::of("GET /api/me/permissions", Need::Person),
        Case::of("PATCH /api/me", Need::Person).json(|_| json!({"fullName": "Somebody"})),
        // Nobody is so far that their password is asked for.
        Case::of("POST /api/me/password", Need::Person)
            .json(|_| json!({"currentPassword": canary::password(), "newPassword": "short"}))
            .answers(400),
    ]
}

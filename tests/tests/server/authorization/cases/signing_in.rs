//! Passwords, sessions, and who one is.

use serde_json::json;

use crate::authorization::case::Case;
use crate::authorization::grants::Need;

pub fn cases() -> Vec<Case> {
    vec![
        Case::of("GET /api/auth/tokens/", Need::Password),
        Case::of("DELETE /api/auth/tokens/", Need::Password)
            .before(
                "POST",
                |_| "/api/auth/tokens/v2/service".into(),
                |_| json!({"service_name": "victim", "actions": ["audit:read"]}),
            )
            .form("token", |scene| scene.made("token").to_owned()),
        Case::of("GET /api/me", Need::Person),
    ]
}

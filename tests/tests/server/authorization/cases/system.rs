//! Health, version, documentation and the first user.

use serde_json::json;

use crate::authorization::case::Case;
use crate::authorization::grants::Need;

pub fn cases() -> Vec<Case> {
    vec![
        Case::of("GET /healthz", Need::Nothing),
        Case::of("GET /readyz", Need::Nothing),
        Case::of("GET /metrics", Need::Nothing),
        Case::of("GET /api/version", Need::Nothing),
        Case::of("GET /api/openapi.json", Need::Nothing),
        Case::of("GET /api/docs", Need::Nothing),
        Case::of("GET /api/onboarding/status", Need::Nothing),
        // There is a first user already.
        Case::of("POST /api/onboarding/bootstrap", Need::Nothing)
            .json(|scene| json!({"username": scene.fresh, "password": "correct horse battery"}))
            .answers(409),
    ]
}

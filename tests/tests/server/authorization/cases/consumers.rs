//! Who says to have what, and who may know.

use serde_json::json;

use crate::authorization::case::Case;
use crate::authorization::grants::Need;
use crate::authorization::grants::Spot::Config;
use crate::authorization::grants::Step::{Hold, May};

pub fn cases() -> Vec<Case> {
    vec![
        Case::of(
            "POST /api/sync-reports",
            Need::All(&[Hold(&["secrets:read", "secrets:export"])]),
        )
        .json(|_| json!({"cluster": "eu-1", "consumers": [{"namespace": "shop", "name": "web", "sources": []}]})),
        Case::of(
            "GET /api/projects/{project}/configs/{config}/consumers",
            Need::All(&[May("configs:read", Config)]),
        ),
    ]
}

//! Keys: for owners in person only.

use serde_json::json;

use crate::authorization::case::Case;
use crate::authorization::grants::Need;
use crate::authorization::grants::Spot::Everywhere;
use crate::authorization::grants::Step::{BeAPerson, May};

const OWNER: Need = Need::All(&[BeAPerson, May("workspace:settings:manage", Everywhere)]);

pub fn cases() -> Vec<Case> {
    vec![
        Case::of("GET /api/keys", OWNER),
        // The server has one root key only, which whoever may change it is told.
        Case::of("POST /api/keys/rotate-root", OWNER).answers(409),
        Case::of("POST /api/keys/rotate-data", OWNER).json(|_| json!({})),
        Case::of("POST /api/keys/rotate-data", OWNER)
            .json(|scene| json!({"project": scene.world.project()})),
    ]
}

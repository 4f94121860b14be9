//! The record.

use crate::authorization::case::Case;
use crate::authorization::grants::Need;
use crate::authorization::grants::Spot::{Config, Everywhere, Project};
use crate::authorization::grants::Step::{Hold, May};

pub fn cases() -> Vec<Case> {
    vec![
        Case::of(
            "GET /api/audit/events",
            Need::All(&[Hold(&["audit:read"]), May("audit:read", Everywhere)]),
        ),
        Case::of(
            "GET /api/audit/events",
            Need::All(&[Hold(&["audit:read"]), May("audit:read", Project)]),
        )
        .query(|scene| format!("project={}", scene.world.project())),
        Case::of(
            "GET /api/audit/events",
            Need::All(&[Hold(&["audit:read"]), May("audit:read", Config)]),
        )
        .query(|scene| {
            format!(
                "project={}&config={}",
                scene.world.project(),
                scene.world.config()
            )
        }),
        Case::of(
            "GET /api/audit/verify",
            Need::All(&[May("audit:read", Everywhere)]),
        ),
        Case::of(
            "GET /api/audit/export",
            Need::All(&[May("audit:read", Everywhere)]),
        ),
        Case::of(
            "GET /api/audit/checkpoint",
            Need::All(&[May("audit:read", Everywhere)]),
        ),
    ]
}

//! The configs of a project side by side.

use crate::authorization::case::Case;
use crate::authorization::grants::Need;
use crate::authorization::grants::Spot::Project;
use crate::authorization::grants::Step::{Hold, Know, May};

pub fn cases() -> Vec<Case> {
    let grid = "GET /api/projects/{project}/compare";
    vec![
        Case::of(grid, Need::All(&[Know(Project), Hold(&["configs:read"])])),
        Case::of(
            grid,
            Need::All(&[
                Know(Project),
                Hold(&["configs:read"]),
                Hold(&["secrets:read"]),
            ]),
        )
        .query(|_| "values=true".into()),
        Case::of(
            "GET /api/projects/{project}/compare/secrets/{key}",
            Need::All(&[Know(Project), Hold(&["secrets:read"])]),
        )
        .free("key"),
        Case::of(
            "POST /api/projects/{project}/secrets/icons/recompute",
            Need::All(&[May("secrets:write", Project)]),
        ),
    ]
}

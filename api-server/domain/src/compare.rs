//! The configs of a project side by side: one key with its values, or all keys without them. And one config by itself: what
//! its values refer to.

mod grid;
mod key;
mod survey;

pub use grid::{Cell, Standing, keys, row};
pub use key::{ComparedKey, Comparison, Issue, IssueKind, Reading, compare};
pub use survey::{Mentions, Survey};

use crate::access::Action;
use crate::caller::Caller;
use crate::state::{Config, Project, State};

/// The configs of a project in which the caller may do all of `actions`, in the order of slugs. Others do not show.
pub fn open_to<'a>(
    state: &'a State,
    caller: &Caller<'_>,
    project: &'a Project,
    actions: &[Action],
) -> Vec<&'a Config> {
    let may = |config: &&Config| {
        let mut actions = actions.iter();
        actions.all(|action| caller.authority().may(*action, config.place()))
    };
    state.configs_of(project).filter(may).collect()
}

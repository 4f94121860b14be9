//! The configs of a project side by side. Those that the caller may not read do not show.

pub(crate) mod grid;
pub(crate) mod key;

use ssm_domain::access::Action;
use ssm_domain::names::Slug;

use crate::http::auth::{Auth, holds_somewhere};
use crate::http::errors::ApiResult;

/// Refuses whoever does not know the project, or can do one of `actions` nowhere.
fn admit(auth: &Auth, project: &Slug, actions: &[Action]) -> ApiResult<()> {
    Ok(auth.look(|_, caller| {
        caller.project(project)?;
        let mut actions = actions.iter();
        actions.try_for_each(|action| holds_somewhere(caller, *action))
    })?)
}

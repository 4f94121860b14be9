//! What goes on record beside changes: values that are given out, and refusals.

use std::time::Duration;

use http::StatusCode;
use ssm_domain::caller::Actor;
use ssm_domain::entry::Target;
use ssm_domain::names::{ConfigPath, Key};
use ssm_engine::Engine;
use ssm_engine::access::{Event, Unrecorded};

use super::auth::{Auth, Origin};
use super::metrics::method_label;
use super::observe::elapsed;

impl Auth {
    /// Puts on record that values of a config are given out, or of one key of it. Comes before the answer: where every
    /// read has to be on record and this one cannot be, there is none.
    pub(crate) async fn record_read(
        &self,
        action: &'static str,
        path: &ConfigPath,
        key: Option<&Key>,
    ) -> Result<(), Unrecorded> {
        let target = Target {
            project: Some(path.project.clone()),
            config: Some(path.config.clone()),
            key: key.cloned(),
            ..Target::default()
        };
        self.record_read_of(action, target).await
    }

    /// The same of whatever `target` says, such as one key in all configs of a project.
    pub(crate) async fn record_read_of(
        &self,
        action: &'static str,
        target: Target,
    ) -> Result<(), Unrecorded> {
        let event = event(self.actor, action, target, &self.origin, StatusCode::OK);
        let request = || self.origin.recorded();
        self.app.engine.record_read(event, elapsed(), request).await
    }
}

/// Puts on record that somebody was refused something, or used a token that is dead. A sign-in that fails is put on record
/// where its password is checked.
pub(super) fn refusal(
    engine: &Engine,
    actor: Actor,
    origin: &Origin,
    route: &str,
    status: StatusCode,
    took: Duration,
) {
    let action = match (status, actor) {
        (StatusCode::FORBIDDEN, _) => "access.denied",
        (StatusCode::UNAUTHORIZED, Actor::Anonymous) => return,
        (StatusCode::UNAUTHORIZED, _) if engine.look(&actor, |_, _| Ok(())).is_err() => {
            "auth.dead_token"
        }
        (StatusCode::UNAUTHORIZED, _) => "auth.failed",
        _ => return,
    };
    let target = target_of(route, origin.uri.path());
    let event = event(actor, action, target, origin, status);
    engine.record(event, Some(took), || Some(origin.recorded()));
}

fn event(
    actor: Actor,
    action: &'static str,
    target: Target,
    origin: &Origin,
    status: StatusCode,
) -> Event {
    Event {
        actor,
        action,
        target,
        method: method_label(&origin.method).into(),
        status: status.as_u16(),
        address: origin.address,
    }
}

/// What a path is about, by the places of its route. What is no good name is left out.
fn target_of(route: &str, path: &str) -> Target {
    let mut target = Target::default();
    for (place, name) in route.split('/').zip(path.split('/')) {
        match place {
            "{project}" => target.project = name.parse().ok(),
            "{config}" => target.config = name.parse().ok(),
            "{key}" => target.key = name.parse().ok(),
            _ => {}
        }
    }
    target
}

#[cfg(test)]
mod tests {
    use ssm_domain::entry::Target;

    use super::target_of;

    #[test]
    fn a_path_is_about_what_its_route_has_places_for() {
        let route = "/api/projects/{project}/configs/{config}/secrets/{key}";
        let target = target_of(route, "/api/projects/web/configs/prod/secrets/A");
        assert_eq!(
            target,
            Target {
                project: Some("web".parse().unwrap()),
                config: Some("prod".parse().unwrap()),
                key: Some("A".parse().unwrap()),
                ..Target::default()
            }
        );
        let crooked = target_of(route, "/api/projects/web/configs/%2e/secrets/a b");
        assert_eq!((crooked.config, crooked.key), (None, None));
        assert_eq!(target_of("/api/me", "/api/me"), Target::default());
    }
}

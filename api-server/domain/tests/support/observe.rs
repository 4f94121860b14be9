//! Everything that can be seen of a state, as text without ids: two runs of the same commands look the same.

use std::fmt::Write as _;

use ssm_domain::access::{Place, Scope};
use ssm_domain::effective::EffectiveConfig;
use ssm_domain::entry::Subject;
use ssm_domain::seal::KeyRing;
use ssm_domain::secret::SecretValue;
use ssm_domain::state::{Changed, Config, Project, State, Token};

use super::key;
use super::steps::KEYS;

/// Renders the whole state. Values are opened.
pub fn observe(state: &State, keys: &KeyRing) -> String {
    let mut text = String::new();
    let head = state.head();
    writeln!(text, "head {} at {}", head.seq, head.at).unwrap();
    for user in state.users() {
        writeln!(
            text,
            "user {} {:?} since {}",
            user.username, user.role, user.created_at
        )
        .unwrap();
    }
    for project in state.projects() {
        writeln!(
            text,
            "project {} {} since {}",
            project.slug, project.name, project.created_at
        )
        .unwrap();
        for config in state.configs_of(project) {
            render_config(&mut text, state, keys, project, config);
        }
    }
    let mut tokens: Vec<String> = state
        .tokens()
        .map(|token| render_token(state, token))
        .collect();
    tokens.sort();
    text.extend(tokens);
    let mut changed: Vec<String> = state
        .changed_since(0)
        .map(|changed| match changed {
            Changed::Config(config) => {
                let path = state.path_of(config).unwrap();
                format!("changed at {:04}: {path}\n", config.revision)
            }
            Changed::Gone(_, gone) => format!("gone at {:04}: {}\n", gone.seq, gone.path),
        })
        .collect();
    changed.sort();
    text.extend(changed);
    text
}

fn render_config(
    text: &mut String,
    state: &State,
    keys: &KeyRing,
    project: &Project,
    config: &Config,
) {
    let lineage: Vec<&str> = state
        .lineage(config)
        .map(|config| config.slug.as_str())
        .collect();
    writeln!(
        text,
        "config {}/{} revision {} since {} changed {} by {} keys {} lineage {lineage:?} children {}",
        project.slug,
        config.slug,
        config.revision,
        config.created_at,
        config.updated_at,
        config.updated_by,
        config.keys,
        config.has_children(),
    )
    .unwrap();
    for name in KEYS {
        writeln!(
            text,
            "  {name} next version {}",
            config.next_version(&key(name))
        )
        .unwrap();
    }
    for (name, found) in &EffectiveConfig::of(state, config, true).secrets {
        let value = found.open(name, keys);
        writeln!(
            text,
            "  {name}={:?} version {} by {} at {} from {} over {:?}",
            value.as_ref().map(SecretValue::reveal),
            found.secret.version,
            found.secret.updated_by,
            found.secret.updated_at,
            found.source.slug,
            found.overrides.map(|config| &config.slug),
        )
        .unwrap();
    }
}

fn render_token(state: &State, token: &Token) -> String {
    let subject = match &token.subject {
        Subject::User(id) => format!("{:?}", state.user(*id).map(|user| &user.username)),
        Subject::Service(name) => name.to_string(),
    };
    let scopes: Vec<String> = token
        .scopes
        .iter()
        .map(|scope| render_scope(state, scope))
        .collect();
    format!(
        "token {subject} {:?} by {} from {} to {:?} revoked {:?} scopes {scopes:?}\n",
        token.purpose, token.created_by, token.created_at, token.expires_at, token.revoked_at,
    )
}

fn render_scope(state: &State, scope: &Scope) -> String {
    let Place {
        project_id,
        config_id,
    } = scope.place;
    let project = project_id.map(|id| state.project(id).map(|project| &project.slug));
    let config = config_id.map(|id| {
        let living = state.config(id).and_then(|config| state.path_of(config));
        living.or_else(|| state.gone(id).map(|gone| gone.path.clone()))
    });
    format!("{:?} in {project:?} {config:?}", scope.actions)
}
